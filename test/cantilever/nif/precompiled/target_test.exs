defmodule Cantilever.Nif.Precompiled.TargetTest do
  use ExUnit.Case, async: true

  alias Cantilever.{Damage, ElfFile}
  alias Cantilever.Nif.Precompiled.Target

  @glibc "\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n\0"

  defp facts(changes) do
    Map.merge(
      %{
        os: {:unix, :linux},
        architecture: "x86_64-pc-linux-gnu",
        wordsize: 8,
        nif_version: "2.16",
        env: %{},
        executable: nil,
        mapped: [],
        libc: nil
      },
      Map.new(changes)
    )
  end

  defp target(changes) do
    assert {:ok, %{target: target}} = Target.detect(facts(changes))
    target
  end

  defp vm(machine, interpreter, opts \\ []) do
    class = if machine in ["arm", "i686"], do: 32, else: 64
    endian = if machine == "s390x", do: :big, else: :little

    ElfFile.build(
      [machine: machine, interpreter: interpreter, class: class, endian: endian] ++ opts
    )
  end

  describe "running/0" do
    test "knows this VM" do
      assert {:ok, %{target: target, nif_version: {2, minor}} = running} = Target.running()
      assert minor >= 16
      assert length(String.split(target, "-")) in 3..4

      # The system's own program for the question, where there is one.
      with "x86_64-unknown-linux-gnu" <- target,
           {text, 0} <- System.cmd("getconf", ["GNU_LIBC_VERSION"]) do
        {major, minor} = running.glibc
        assert String.trim(text) == "glibc #{major}.#{minor}"
      end
    end
  end

  describe "detect/1 on Linux" do
    test "goes by the program that loads the VM, whatever the triple says" do
      for {machine, interpreter, architecture, target} <- [
            {"x86_64", "/lib64/ld-linux-x86-64.so.2", "x86_64-pc-linux-gnu",
             "x86_64-unknown-linux-gnu"},
            {"x86_64", "/lib64/ld-linux-x86-64.so.2", "x86_64-redhat-linux-gnu",
             "x86_64-unknown-linux-gnu"},
            {"x86_64", "/lib64/ld-linux-x86-64.so.2", "x86_64-suse-linux",
             "x86_64-unknown-linux-gnu"},
            {"x86_64", "/nix/store/x-glibc-2.38/lib/ld-linux-x86-64.so.2",
             "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"x86_64", "/lib/ld-musl-x86_64.so.1", "x86_64-alpine-linux-musl",
             "x86_64-unknown-linux-musl"},
            {"aarch64", "/lib/ld-musl-aarch64.so.1", "aarch64-alpine-linux-musl",
             "aarch64-unknown-linux-musl"},
            # Built elsewhere, and said to be what it is not.
            {"x86_64", "/lib/ld-musl-x86_64.so.1", "x86_64-pc-linux-gnu",
             "x86_64-unknown-linux-musl"},
            {"aarch64", "/lib/ld-linux-aarch64.so.1", "x86_64-pc-linux-gnu",
             "aarch64-unknown-linux-gnu"},
            {"riscv64gc", "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64-unknown-linux-gnu",
             "riscv64gc-unknown-linux-gnu"},
            {"i686", "/lib/ld-linux.so.2", "i386-pc-linux-gnu", "i686-unknown-linux-gnu"},
            {"s390x", "/lib/ld64.so.1", "s390x-ibm-linux-gnu", "s390x-unknown-linux-gnu"},
            {"aarch64", "/system/bin/linker64", "aarch64-unknown-linux-android",
             "aarch64-linux-android"}
          ] do
        assert target(executable: vm(machine, interpreter), architecture: architecture) == target
      end
    end

    test "tells how a VM for arm passes floating-point numbers" do
      for {interpreter, flags, architecture, target} <- [
            {"/lib/ld-linux-armhf.so.3", 0x5000400, "arm-unknown-linux-gnueabihf", "gnueabihf"},
            {"/lib/ld-linux-armhf.so.3", 0x5000000, "armv7l-unknown-linux-gnueabihf",
             "gnueabihf"},
            {"/lib/ld-linux.so.3", 0x5000200, "arm-unknown-linux-gnueabi", "gnueabi"},
            {"/lib/ld-linux.so.3", 0x5000000, "arm-buildroot-linux-gnueabi", "gnueabi"},
            {"/lib/ld-musl-armhf.so.1", 0x5000400, "armv7-alpine-linux-musleabihf", "musleabihf"}
          ] do
        executable = vm("arm", interpreter, flags: flags)

        assert target(executable: executable, architecture: architecture) ==
                 "arm-unknown-linux-#{target}"
      end
    end

    test "asks what is mapped, where the loader was started by hand" do
      executable = vm("x86_64", nil)
      assert target(executable: executable, mapped: ["/x", "/lib/ld-musl-x86_64.so.1"]) =~ "musl"
      assert target(executable: executable, mapped: ["/x", "/lib/libc.so.6"]) =~ "gnu"
    end

    test "goes by the triple where nothing can be looked at" do
      for {architecture, target} <- [
            {"x86_64-pc-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"x86_64-redhat-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"x86_64-suse-linux", "x86_64-unknown-linux-gnu"},
            {"x86_64-suse-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"x86_64-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"x86_64-alpine-linux-musl", "x86_64-unknown-linux-musl"},
            {"amd64-pc-linux-gnu", "x86_64-unknown-linux-gnu"},
            {"i586-pc-linux-gnu", "i686-unknown-linux-gnu"},
            {"riscv64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"},
            {"armv7l-unknown-linux-gnueabihf", "arm-unknown-linux-gnueabihf"},
            {"armv6-alpine-linux-musleabihf", "arm-unknown-linux-musleabihf"},
            {"aarch64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}
          ] do
        assert target(architecture: architecture) == target
      end
    end

    test "finds glibc's version in its file, or in the file's name" do
      executable = vm("x86_64", "/lib64/ld-linux-x86-64.so.2")

      for {libc, mapped, version} <- [
            {@glibc, ["/lib/libc.so.6"], {2, 36}},
            {"GNU C Library stable release version 2.17, by Roland McGrath et al.", [], {2, 17}},
            {nil, ["/lib/libpcre.so", "/lib/libc-2.31.so"], {2, 31}},
            {nil, ["/lib/libc-2.31.so (deleted)"], {2, 31}},
            {"nothing", ["/lib/libc.so.6"], nil},
            {nil, [], nil}
          ] do
        facts = facts(executable: executable, mapped: mapped, libc: libc)
        assert {:ok, %{glibc: ^version}} = Target.detect(facts)
      end

      musl = facts(executable: vm("x86_64", "/lib/ld-musl-x86_64.so.1"), libc: @glibc)
      assert {:ok, %{glibc: nil}} = Target.detect(musl)
    end

    test "gives some target for a damaged executable" do
      executable = vm("arm", "/lib/ld-linux-armhf.so.3", needs: [{"libc.so.6", ["GLIBC_2.4"]}])

      for damaged <- Damage.variants(executable, 1_000) do
        assert {:ok, %{target: _}} = Target.detect(facts(executable: damaged, libc: damaged))
      end
    end
  end

  describe "detect/1 elsewhere" do
    test "brings the system's triple to Rust's" do
      for {os, architecture, wordsize, target} <- [
            {{:unix, :darwin}, "aarch64-apple-darwin23.1.0", 8, "aarch64-apple-darwin"},
            {{:unix, :darwin}, "arm-apple-darwin20.2.0", 8, "aarch64-apple-darwin"},
            {{:unix, :darwin}, "x86_64-apple-darwin21.6.0", 8, "x86_64-apple-darwin"},
            {{:win32, :nt}, "win32", 8, "x86_64-pc-windows-msvc"},
            {{:win32, :nt}, "win32", 4, "i686-pc-windows-msvc"},
            {{:win32, :nt}, "aarch64-pc-windows", 8, "aarch64-pc-windows-msvc"},
            {{:unix, :freebsd}, "amd64-portbld-freebsd13.2", 8, "x86_64-unknown-freebsd"},
            {{:unix, :freebsd}, "aarch64-portbld-freebsd14.0", 8, "aarch64-unknown-freebsd"},
            {{:unix, :openbsd}, "amd64-unknown-openbsd7.4", 8, "x86_64-unknown-openbsd"}
          ] do
        facts = facts(os: os, architecture: architecture, wordsize: wordsize)
        assert {:ok, %{target: ^target, glibc: nil, nif_version: {2, 16}}} = Target.detect(facts)
      end
    end
  end

  describe "detect/1 with the variables of a cross build" do
    test "puts them above what the VM is" do
      for {env, target} <- [
            {%{"TARGET_ARCH" => "arm", "TARGET_OS" => "linux", "TARGET_ABI" => "gnueabihf"},
             "arm-unknown-linux-gnueabihf"},
            {%{"TARGET_ARCH" => "aarch64", "TARGET_OS" => "linux", "TARGET_ABI" => "musl"},
             "aarch64-unknown-linux-musl"},
            {%{"TARGET_ARCH" => "riscv64", "TARGET_OS" => "linux", "TARGET_ABI" => "gnu"},
             "riscv64gc-unknown-linux-gnu"},
            {%{"TARGET_ARCH" => "aarch64"}, "aarch64-unknown-linux-gnu"},
            {%{"TARGET_ARCH" => "arm"}, "arm-unknown-linux-gnueabihf"},
            {%{"TARGET_ABI" => "musl", "TARGET_VENDOR" => ""}, "x86_64-unknown-linux-musl"},
            {%{"TARGET_OS" => "windows", "TARGET_ABI" => "gnu"}, "x86_64-pc-windows-gnu"},
            {%{"TARGET_OS" => "windows"}, "x86_64-pc-windows-msvc"},
            {%{"TARGET_OS" => "darwin", "TARGET_ARCH" => "aarch64"}, "aarch64-apple-darwin"}
          ] do
        facts = facts(env: env, libc: @glibc)
        assert {:ok, %{target: ^target, glibc: nil}} = Target.detect(facts)
      end
    end

    test "also on another system" do
      env = %{"TARGET_ARCH" => "arm", "TARGET_OS" => "linux", "TARGET_ABI" => "gnueabihf"}

      for {os, architecture} <- [
            {{:unix, :darwin}, "aarch64-apple-darwin23.1.0"},
            {{:win32, :nt}, "win32"}
          ] do
        assert target(os: os, architecture: architecture, env: env) ==
                 "arm-unknown-linux-gnueabihf"
      end
    end

    test "leaves all as it is when they are empty" do
      env = %{"TARGET_ARCH" => "", "TARGET_OS" => "", "TARGET_ABI" => ""}
      facts = facts(env: env, libc: @glibc)
      assert {:ok, %{target: "x86_64-unknown-linux-gnu", glibc: {2, 36}}} = Target.detect(facts)
    end

    test "says what is missing" do
      facts =
        facts(
          os: {:unix, :darwin},
          architecture: "aarch64-apple-darwin23",
          env: %{"TARGET_OS" => "linux"}
        )

      assert {:error, message} = Target.detect(facts)
      assert message =~ "TARGET_OS=linux needs a TARGET_ABI, such as gnu, gnueabihf or musl"
    end
  end
end
