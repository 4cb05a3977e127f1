defmodule Cantilever.Nif.Precompiled.WithoutRustTest do
  use Cantilever.PrecompiledCase, async: true

  @moduletag timeout: 300_000

  test "a project that depends on the kit needs no cargo to fetch its library", context do
    artifact = PrecompiledProject.artifact(context.library)
    create(context, serve(%{artifact.archive => artifact.bytes}))

    NativeProject.write(context.project, "mix.exs", """
    defmodule MyApp.MixProject do
      use Mix.Project

      def project do
        [app: :my_app, version: "0.1.0", deps: [{:cantilever, path: #{inspect(File.cwd!())}}]]
      end
    end
    """)

    expression = """
    IO.puts(Tiny.answer())

    try do
      Cantilever.Native.intensive_calculation(5)
    rescue
      error in RuntimeError -> IO.puts(error.message)
    end
    """

    env = [
      {"ERL_LIBS", nil},
      {"CANTILEVER_CACHE", context.cache} | PrecompiledProject.without_cargo()
    ]

    assert {output, 0} = NativeProject.eval(context.project, expression, env)

    assert output =~
             "\n11\nCantilever.Native has no library, as the kit was compiled without cargo"

    assert asked() == [artifact.archive]
  end
end
