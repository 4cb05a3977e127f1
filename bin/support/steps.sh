# shellcheck shell=bash
# What the commands in bin/ share; sourced, never run.
#
# Sets $root and a cargo target directory that all of them build into: the kit, the example and the benches are
# separate Cargo workspaces, and a common directory lets each dependency be compiled once.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
command_name=$(basename "$0")
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"

# rustup puts cargo here, but a shell that was open at the time, and most services, do not have it in their PATH.
if ! command -v cargo >/dev/null 2>&1 && [[ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]]; then
  export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

# Without a UTF-8 locale the BEAM would garble file names, and Elixir prints a warning at each start.
if [[ "$(locale charmap 2>/dev/null || true)" != UTF-8 ]]; then
  export ELIXIR_ERL_OPTIONS="+fnu ${ELIXIR_ERL_OPTIONS:-}"
fi

if [[ -t 1 ]]; then
  bold=$'\e[1m' plain=$'\e[0m'
else
  bold='' plain=''
fi

say() { printf '%s\n' "$*"; }

fail() {
  printf 'bin/%s: %s\n' "$command_name" "$*" >&2
  exit 1
}

# usage_error MESSAGE USAGE
usage_error() {
  printf 'bin/%s: %s\n%s\n' "$command_name" "$1" "$2" >&2
  exit 2
}

# step NAME DIR COMMAND…: runs the command in DIR (relative to the root), says how long it took, and on failure ends the
# script with the line that repeats this step alone. Its output also goes to $step_log when that is set.
step() {
  local name=$1 dir=$2 started=$SECONDS status=0
  shift 2
  printf '\n%s==> %s%s\n' "$bold" "$name" "$plain"
  if [[ -n "${step_log:-}" ]]; then
    (cd "$root/$dir" && "$@") 2>&1 | tee "$step_log" || status=$?
  else
    (cd "$root/$dir" && "$@") || status=$?
  fi
  if ((status != 0)); then
    printf '\nbin/%s: "%s" failed (exit status %s). To repeat it alone:\n  %s\n' \
      "$command_name" "$name" "$status" "$(repeat_line "$dir" "$@")" >&2
    exit 1
  fi
  say "    $name: $((SECONDS - started)) s"
}

# npm_packages DIR: what its package-lock.json names, in DIR/node_modules. Quick when it is there.
npm_packages() {
  local dir=$root/$1
  [[ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ]] && return
  step "npm packages, $1" "$1" npm ci --ignore-scripts --no-audit --no-fund
  # Packages keep the times that they were packed with.
  touch "$dir/node_modules/.package-lock.json"
}

# The client that the page of the example takes from npm, in its priv/static/vendor.
page_client() {
  local assets=examples/my_app/assets client=$root/examples/my_app/priv/static/vendor/phoenix.js
  npm_packages "$assets"
  [[ "$client" -nt "$root/$assets/node_modules/.package-lock.json" ]] || step "the page's client" "$assets" npm run --silent build
}

repeat_line() {
  local dir=$1
  shift
  if [[ "$dir" != . ]]; then
    printf 'cd %q && ' "$dir"
  fi
  printf 'CARGO_TARGET_DIR=%q' "$CARGO_TARGET_DIR"
  if [[ -n "${MIX_ENV:-}" ]]; then
    printf ' MIX_ENV=%q' "$MIX_ENV"
  fi
  printf ' %q' "$@"
}
