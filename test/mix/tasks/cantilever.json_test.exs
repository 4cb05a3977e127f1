defmodule Mix.Tasks.Cantilever.JsonTest do
  use ExUnit.Case, async: true

  @moduletag :tmp_dir

  # A project that has the kit as it is compiled for these tests.
  setup %{tmp_dir: dir} do
    File.write!(Path.join(dir, "mix.exs"), """
    defmodule Shop.MixProject do
      use Mix.Project
      def project, do: [app: :shop, version: "0.1.0", prune_code_paths: false]
    end
    """)

    :ok
  end

  # What the task writes to both outputs, and its exit status. `shell` is the command, in which `json` stands for the task.
  defp sh(dir, shell) do
    System.cmd("bash", ["-c", "json() { mix cantilever.json \"$@\"; }; #{shell}"],
      cd: dir,
      stderr_to_stdout: true,
      env: [
        {"ERL_LIBS", Path.join(Mix.Project.build_path(), "lib")},
        {"MIX_ENV", "dev"},
        {"MIX_BUILD_PATH", nil}
      ]
    )
  end

  defp write(dir, name, content), do: File.write!(Path.join(dir, name), content)

  describe "printing" do
    test "keeps the order, all digits and all keys", %{tmp_dir: dir} do
      write(
        dir,
        "a.json",
        ~s({"b":1e2,"a":[1,123456789012345678901234567890,"é€",{},[]],"a":-0.0})
      )

      assert sh(dir, "json a.json") ==
               {"""
                {
                  "b": 100.0,
                  "a": [
                    1,
                    123456789012345678901234567890,
                    "é€",
                    {},
                    []
                  ],
                  "a": -0.0
                }
                """, 0}

      assert sh(dir, "LC_ALL=C json - --compact < a.json") ==
               {~s({"b":100.0,"a":[1,123456789012345678901234567890,"é€",{},[]],"a":-0.0}\n), 0}
    end

    test "puts nothing else on standard output while the project is compiled", %{tmp_dir: dir} do
      write(dir, "a.json", "[1]")
      File.mkdir_p!(Path.join(dir, "lib"))
      write(dir, "lib/shop.ex", "defmodule Shop do\nend\n")
      assert sh(dir, "json --compact a.json") == {"[1]\n", 0}
    end

    test "writes to a file that is there whole or not at all, and may be the one that is read", %{
      tmp_dir: dir
    } do
      write(dir, "a.json", "[1,2]")

      assert sh(dir, "json a.json -o a.json && json a.json --compact --output out/b.json") ==
               {"", 0}

      assert File.read!(Path.join(dir, "a.json")) == "[\n  1,\n  2\n]\n"
      assert File.read!(Path.join(dir, "out/b.json")) == "[1,2]\n"
      assert File.ls!(Path.join(dir, "out")) == ["b.json"]

      write(dir, "wrong.json", "[1,")
      assert {message, 1} = sh(dir, "json wrong.json -o a.json")
      assert message =~ "wrong.json:1:4: expected a value, found the end"
      assert File.read!(Path.join(dir, "a.json")) == "[\n  1,\n  2\n]\n"

      assert {message, 1} = sh(dir, "json a.json -o /dev/null")
      assert message =~ "/dev/null cannot be written: what is there is no regular file"
    end

    test "says that a reader has gone, or that a disk is full", %{tmp_dir: dir} do
      write(dir, "a.json", ["[", List.duplicate("1,", 500_000), "1]"])
      assert {output, 1} = sh(dir, "set -o pipefail; json a.json | head -n 1")
      assert output =~ "standard output did not take all of it"
      refute output =~ "(ErlangError)"

      if File.exists?("/dev/full") do
        write(dir, "b.json", "1")
        assert {output, 1} = sh(dir, "json b.json > /dev/full")
        assert output =~ "standard output did not take all of it"
      end
    end
  end

  describe "--check" do
    test "shows each file that is wrong, and goes on", %{tmp_dir: dir} do
      write(dir, "a.json", "{\n \"b\": 1,\n\t\"é\": [1, ]\n}")
      write(dir, "b.json", "[1]\n")

      assert {output, 1} = sh(dir, "json --check a.json b.json 2>&1 | cat; exit ${PIPESTATUS[0]}")
      assert output =~ "a.json:3:11: expected a value, found ]\n   \"é\": [1, ]\n            ^\n"
      assert output =~ "b.json: valid, 4 bytes\n"
      assert {output, 1} = sh(dir, "json --check - < a.json")
      assert output =~ "standard input:3:11: expected a value, found ]"
    end
  end

  describe "--time" do
    test "says how fast it is", %{tmp_dir: dir} do
      write(dir, "a.json", ["[", List.duplicate("\"text\", ", 5_000), "1]"])
      assert {output, 0} = sh(dir, "json --time a.json")

      assert output =~
               ~r/^a.json: 40,003 bytes\n  decode  \S+ MB\/s, median .* of \d+ rounds, \d+ slices, the longest /

      assert output =~ ~r/\n  encode  \S+ MB\/s/
    end
  end

  describe "--lines" do
    test "takes each line for itself", %{tmp_dir: dir} do
      write(dir, "a.ndjson", "{\"b\": 1, \"a\": [ ]}\r\n\n2")

      assert sh(
               dir,
               "json --lines --compact a.ndjson; json --lines --check a.ndjson; json --lines - < a.ndjson"
             ) ==
               {"""
                {"b":1,"a":[]}
                2
                a.ndjson: valid, 2 documents in 3 lines, 22 bytes
                {
                  "b": 1,
                  "a": []
                }
                2
                """, 0}
    end

    test "shows the first lines that are wrong, and counts all", %{tmp_dir: dir} do
      write(
        dir,
        "a.ndjson",
        for(n <- 1..100_000, do: if(n > 99_970, do: "[#{n},]\n", else: "[#{n}]\n"))
      )

      assert {output, 1} = sh(dir, "json --lines --check a.ndjson")
      assert output =~ "a.ndjson:99971:8: expected a value, found ]\n  [99971,]\n"
      assert output =~ "a.ndjson:99990:8: "
      refute output =~ "a.ndjson:99991:8: "
      assert output =~ "a.ndjson: 30 of 100,000 lines wrong, the first 20 of them are shown\n"

      assert {output, 1} = sh(dir, "json --lines a.ndjson --compact -o out.ndjson")
      assert output =~ "out.ndjson is not written"
      refute File.exists?(Path.join(dir, "out.ndjson"))

      assert {_output, 1} = sh(dir, "json --lines a.ndjson --compact > out.ndjson 2> /dev/null")
      assert Path.join(dir, "out.ndjson") |> File.stream!() |> Enum.count() == 99_970
    end
  end

  describe "what cannot be done" do
    test "is a line with what to do, and the status 1", %{tmp_dir: dir} do
      write(dir, "empty.json", "")
      write(dir, "a.json", "1")

      cases = [
        {"json", "FILE is missing; usage: mix cantilever.json FILE…"},
        {"json a.json --nope", "unknown option --nope; usage: "},
        {"json none.json", "there is no file none.json: name one, or - for standard input"},
        {"json .", ". is a directory: name the files in it, as in ./*.json"},
        {"json empty.json", "empty.json is empty, but a document has a value"},
        {"json - < /dev/null", "standard input is empty, but a document has a value"}
      ]

      for {shell, message} <- cases do
        assert {output, 1} = sh(dir, shell)
        assert output =~ message
        assert length(String.split(output, "\n", trim: true)) <= 2
      end
    end
  end
end
