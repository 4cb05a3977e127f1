defmodule Cantilever.Nif.Precompiled.ElfTest do
  use ExUnit.Case, async: true

  alias Cantilever.{Damage, ElfFile}
  alias Cantilever.Nif.Precompiled.Elf

  @needs [
    {"libgcc_s.so.1", ["GCC_3.0"]},
    {"libc.so.6", ["GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.9"]},
    {"ld-linux-x86-64.so.2", ["GLIBC_2.3"]}
  ]

  @machines [
    {"x86_64", 64, :little},
    {"aarch64", 64, :little},
    {"i686", 32, :little},
    {"arm", 32, :little},
    {"s390x", 64, :big},
    {"riscv64gc", 64, :little},
    {"mips64", 64, :big}
  ]

  defp needed(versions), do: Elf.glibc_needed(ElfFile.build(needs: [{"libc.so.6", versions}]))

  describe "glibc_needed/1" do
    test "is the highest version of glibc, in every class and byte order" do
      for class <- [32, 64], endian <- [:little, :big] do
        file = ElfFile.build(class: class, endian: endian, needs: @needs)
        assert Elf.glibc_needed(file) == {2, 17}
      end
    end

    test "compares numbers, and leaves out what the loader can do without" do
      assert needed(["GLIBC_2.9", "GLIBC_2.10"]) == {2, 10}
      assert needed(["GLIBC_2.34", "GLIBC_3.0"]) == {3, 0}
      assert needed(["GLIBC_2.17", {"GLIBC_2.38", :weak}]) == {2, 17}
      assert needed(["GLIBC_2.17", "GLIBC_PRIVATE", "GLIBCXX_3.4.30"]) == {2, 17}
      assert needed(["GLIBC_2.17", "GLIBC_ABI_DT_RELR"]) == {2, 36}
    end

    test "is nil where glibc is not needed or nothing can be read" do
      assert Elf.glibc_needed(ElfFile.build()) == nil
      assert needed(["GCC_3.0"]) == nil

      for bytes <- [
            "",
            "text",
            <<0x7F, "ELF">>,
            <<0x7F, "ELF", 2, 1>>,
            <<0x7F, "ELF", 3, 1, 0::4096>>
          ],
          do: assert(Elf.glibc_needed(bytes) == nil)
    end

    test "is what the system's own tools say" do
      if readelf = System.find_executable("readelf") do
        for file <- Path.wildcard(Path.join(:code.priv_dir(:crypto), "lib/*.so")) do
          {output, 0} = System.cmd(readelf, ["-W", "-V", file])

          expected =
            for(
              [_, minor] <- Regex.scan(~r/Name: GLIBC_2\.(\d+)/, output),
              do: String.to_integer(minor)
            )
            |> Enum.max(fn -> nil end)

          assert Elf.glibc_needed(File.read!(file)) == (expected && {2, expected})
        end
      end
    end
  end

  describe "interpreter/1 and machine/1" do
    test "read the header of every machine" do
      for {machine, class, endian} <- @machines do
        file =
          ElfFile.build(machine: machine, class: class, endian: endian, interpreter: "/lib/ld.so")

        assert Elf.machine(file) == machine
        assert Elf.interpreter(file) == "/lib/ld.so"
      end
    end

    test "are nil where there is nothing" do
      assert Elf.interpreter(ElfFile.build()) == nil
      assert Elf.interpreter("#!/bin/sh") == nil
      assert Elf.machine("#!/bin/sh") == nil

      assert Elf.machine(<<0x7F, "ELF", 2, 1, 1, 0::72, 3::little-16, 0xFFFF::little-16, 0::400>>) ==
               nil
    end
  end

  describe "float_abi/1" do
    test "is in the flags of a program for arm" do
      for {flags, abi} <- [{0x5000400, :hard}, {0x5000200, :soft}, {0x5000000, nil}] do
        assert Elf.float_abi(ElfFile.build(machine: "arm", class: 32, flags: flags)) == abi
      end

      assert Elf.float_abi(ElfFile.build(flags: 0x400)) == nil
    end
  end

  describe "hostile bytes" do
    test "give a version or nil, and an end in time" do
      for class <- [32, 64], endian <- [:little, :big] do
        file =
          ElfFile.build(
            class: class,
            endian: endian,
            needs: @needs,
            interpreter: "/lib64/ld-linux-x86-64.so.2"
          )

        damaged = Stream.concat(Damage.truncations(file), Damage.variants(file, 3_000, class))

        for bytes <- damaged do
          assert match?(
                   {major, minor} when is_integer(major) and is_integer(minor),
                   Elf.glibc_needed(bytes)
                 ) or
                   Elf.glibc_needed(bytes) == nil

          path = Elf.interpreter(bytes)
          assert path == nil or String.valid?(path)
          assert Elf.machine(bytes) == nil or is_binary(Elf.machine(bytes))
          assert Elf.float_abi(bytes) in [:hard, :soft, nil]
        end
      end
    end

    test "cannot lead in circles, nor through the same tables over and over" do
      # Every library has 65535 versions of one byte's distance, and there are as many libraries.
      file = ElfFile.build(needs: @needs)
      {at, _size} = :binary.match(file, <<1::little-16, 1::little-16>>)
      <<before::binary-size(at), _::binary>> = file

      loop =
        for _ <- 1..20_000,
            into: "",
            do: <<1::little-16, 0xFFFF::little-16, 1::little-32, 1::little-32, 1::little-32>>

      file = before <> loop
      {:reductions, begun} = Process.info(self(), :reductions)
      _result = Elf.glibc_needed(file)
      {:reductions, done} = Process.info(self(), :reductions)
      assert done - begun < 10_000_000
    end
  end
end
