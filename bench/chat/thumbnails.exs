# The module of examples/my_app as it is there, with its crate where it is from here.
file = Path.expand("../../examples/my_app/lib/my_app/native.ex", __DIR__)

options = [
  otp_app: :cantilever,
  crate: "my_app_native",
  path: "examples/my_app/native/my_app_native"
]

file
|> File.read!()
|> Code.string_to_quoted!()
|> Macro.prewalk(fn
  {:use, meta, [{:__aliases__, _, [:Cantilever, :Nif]} = nif, _options]} ->
    {:use, meta, [nif, options]}

  other ->
    other
end)
|> Code.compile_quoted(file)
