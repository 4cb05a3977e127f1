defmodule Cantilever.Nif.LibraryTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Library

  defp elf(machine), do: <<0x7F, "ELF", 2, 1, 1, 0::72, 3::little-16, machine::little-16, 0::400>>
  defp mach_o(type), do: <<0xFEEDFACF::little-32, type::little-32, 0::200>>

  defp pe(machine),
    do: <<"MZ", 0::464, 128::little-32, 0::512, "PE", 0, 0, machine::little-16, 0::80>>

  describe "parse/1" do
    test "tells formats and machines apart" do
      for {binary, format, machines} <- [
            {elf(0x3E), :elf, ["x86_64"]},
            {elf(0xB7), :elf, ["aarch64"]},
            {<<0x7F, "ELF", 1, 2, 1, 0::72, 3::16, 0x28::16, 0::400>>, :elf, ["arm"]},
            {mach_o(0x01000007), :mach_o, ["x86_64"]},
            {mach_o(0x0100000C), :mach_o, ["aarch64"]},
            {<<0xCAFEBABE::32, 2::32, 0x01000007::32, 0::128, 0x0100000C::32, 0::128, 0::96>>,
             :mach_o, ["x86_64", "aarch64"]},
            {pe(0x8664), :pe, ["x86_64"]},
            {pe(0xAA64), :pe, ["aarch64"]},
            {"", :unknown, []},
            {"#!/bin/sh", :unknown, []},
            {<<0x7F, "ELF">>, :unknown, []},
            {<<"MZ", 0::464, 0xFFFFFF::little-32, 0::64>>, :unknown, []}
          ] do
        assert %Library{format: ^format, machines: ^machines} = Library.parse(binary)
      end
    end

    test "finds the functions that the kit noted, once and sorted" do
      text =
        "x\0cantilever.nif=sum/1 Yielding\ncantilever.nif=add/2 Normal\n" <>
          "cantilever.nif=add/2 Normal\n\0\0cantilever.nif=put!/3 DirtyIo\nzcantilever.nif=big?/10 DirtyCpu\n"

      assert Library.parse(text).functions == [
               {:add, 2, :normal},
               {:big?, 10, :dirty_cpu},
               {:put!, 3, :dirty_io},
               {:sum, 1, :yielding}
             ]
    end

    test "is not misled by what only looks like a note" do
      for text <- [
            "cantilever.nif=",
            "cantilever.nif=NAME/ARITY SCHEDULE\n",
            "cantilever.nif=a/1 Fast\n",
            "cantilever.nif=a/1 Normal",
            "cantilever.nif=a b/1 Normal\n",
            "cantilever.nif=\0cantilever.nif=/1 Normal\n"
          ] do
        assert Library.parse(text).functions == []
      end
    end
  end

  describe "parse/1 of a library" do
    test "knows that it is the kit's by its init! or by a function" do
      for {text, kit?} <- [
            {"x\0cantilever.init=1\n\0", true},
            {"cantilever.nif=add/2 Normal\n", true},
            {"cantilever.init=1", false},
            {"cantilever.init=10\n", false},
            {"cantilever.init=", false},
            {"rustler", false}
          ] do
        assert Library.parse(text).kit? == kit?
      end

      assert Library.parse("cantilever.init=1\n").functions == []
    end
  end

  describe "check/2" do
    test "accepts what this VM runs on" do
      for binary <- [elf(0x3E), elf(0xB7), mach_o(0x01000007), mach_o(0x0100000C), pe(0x8664)] do
        library = %Library{machines: [machine]} = Library.parse(binary)
        assert Library.check(library, {library.format, machine}) == :ok
        assert Library.check(library, {library.format, nil}) == :ok
      end
    end

    test "says for what a library is built and what was wanted" do
      assert {:error,
              "it is built for aarch64 ELF (Linux, BSD), but this VM loads x86_64 ELF (Linux, BSD)"} =
               Library.check(Library.parse(elf(0xB7)), {:elf, "x86_64"})

      assert {:error, "it is built for x86_64 Mach-O (macOS), but" <> _} =
               Library.check(Library.parse(mach_o(0x01000007)), {:elf, "x86_64"})

      assert {:error, "it is no shared library" <> _} =
               Library.check(Library.parse("text"), {:elf, "x86_64"})
    end
  end

  describe "host/0" do
    test "fits a library of the VM's own" do
      [crypto | _] = Path.wildcard(Path.join(:code.priv_dir(:crypto), "lib/crypto.{so,dll}"))
      assert {:ok, library} = Library.read(crypto)
      assert library.machines != []
      assert Library.check(library, Library.host()) == :ok
    end
  end
end
