defmodule Cantilever.UpgradeNif do
  @moduledoc false
  # The first of the builds in test/native/upgrade_nif.
  use Cantilever.Nif, otp_app: :cantilever, crate: "upgrade_nif", path: "test/native/upgrade_nif"

  alias Cantilever.Nif.{Cargo, Options}

  use Cantilever.NativeStubs,
    version: 0,
    only_before: 0,
    yield_for: 1,
    work_for: 1,
    sum_parallel: 1,
    counters_new: 1,
    counters_add: 2,
    counters_kind: 1,
    counters_dropped: 0,
    undeclared_new: 0,
    undeclared_get: 1,
    renumbered_new: 0,
    renumbered_get: 1,
    shape_new: 0,
    shape_kind: 1,
    forgotten_new: 0,
    forgotten_get: 1

  # Builds the crate with these features into a file of this folder.
  @spec build!(Path.t(), [String.t()]) :: Path.t()
  def build!(dir, features) do
    opts = [
      otp_app: :cantilever,
      crate: "upgrade_nif",
      path: "test/native/upgrade_nif",
      features: features
    ]

    {:ok, artifact} = Cargo.build(Options.new!(__MODULE__, opts, [], []))
    name = Enum.join(["upgrade_nif" | features], "-") <> Path.extname(artifact)
    File.mkdir_p!(dir)
    file = Path.join(dir, name)
    File.cp!(artifact, file)
    file
  end
end
