import Config

# Each run of the tests has a folder of its own, which is gone after it, and any port that is free.
if config_env() == :test do
  config :my_app,
    data_dir: Path.join(System.tmp_dir!(), "my_app-test-#{System.pid()}"),
    port: 0
end
