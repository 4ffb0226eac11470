#!/usr/bin/env bash
# Puts pinstead into PATH of the steps that follow: a release with its checksum, the action's own source, or what is there.
set -euo pipefail

version=${PINSTEAD_VERSION:-source}
case $version in
  path)
    command -v pinstead >/dev/null || { echo "::error::version is 'path', and no pinstead is in PATH"; exit 2; }
    ;;
  source)
    cargo install --locked --quiet --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/pinstead"
    echo "$RUNNER_TEMP/pinstead/bin" >>"$GITHUB_PATH"
    ;;
  v[0-9]*)
    # Nothing but digits, dots and a suffix of letters becomes part of a URL.
    [[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || {
      echo "::error::version is no release, such as v0.1.0"
      exit 2
    }
    case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
      Linux-X64) triple=x86_64-unknown-linux-gnu ;;
      Linux-ARM64) triple=aarch64-unknown-linux-gnu ;;
      macOS-ARM64) triple=aarch64-apple-darwin ;;
      *) echo "::error::there is no release for this runner; use version: source"; exit 2 ;;
    esac
    server=${GITHUB_SERVER_URL:-https://github.com}
    from="$server/${GITHUB_ACTION_REPOSITORY:-pinstead/pinstead}/releases/download/$version"
    name="pinstead-$version-$triple.tar.gz"
    into="$RUNNER_TEMP/pinstead/bin"
    mkdir -p "$into"
    cd "$RUNNER_TEMP/pinstead"
    curl --proto '=https' --fail --silent --show-error --location --retry 3 --output "$name" "$from/$name"
    curl --proto '=https' --fail --silent --show-error --location --retry 3 --output "$name.sha256" "$from/$name.sha256"
    if command -v sha256sum >/dev/null; then
      sha256sum --check --strict "$name.sha256"
    else
      shasum --algorithm 256 --check "$name.sha256"
    fi
    tar --extract --gzip --file "$name" --directory "$into" pinstead
    echo "$into" >>"$GITHUB_PATH"
    ;;
  *)
    echo "::error::version is 'source', 'path' or a release such as v0.1.0"
    exit 2
    ;;
esac
