# Long enough for a machine that is busy with other things: a test that passes never waits so long.
ExUnit.start(assert_receive_timeout: 5_000, timeout: 300_000)

ExUnit.after_suite(fn _results -> File.rm_rf!(MyApp.Application.data_dir()) end)
