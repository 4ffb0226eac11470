#!/usr/bin/env bash
# Runs pinstead by what the action's inputs say. They come as environment variables; each word becomes one argument, and
# none is read as shell. The exit code goes to the step's outputs: a later step fails, when the report has been handed on.
set -euo pipefail

refuse() {
  echo "::error::$1"
  exit 2
}

# lines TEXT: the lines that are not empty, into the array `words`.
lines() {
  words=()
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    [ -z "$line" ] || words+=("$line")
  done <<<"$1"
}

targets=()
read -r -d '' -a targets <<<"${PINSTEAD_TARGETS:-}" || true
lines "${PINSTEAD_PINS:-}"
# An empty array counts as unset in the bash of macOS.
pins=(${words[@]+"${words[@]}"})

for word in ${targets[@]+"${targets[@]}"} ${pins[@]+"${pins[@]}"}; do
  case $word in -*) refuse "a target or pin file does not begin with -" ;; esac
done

if [ ${#targets[@]} -gt 0 ] || [ -n "${PINSTEAD_TARGETS_FILE:-}" ]; then
  command=(check ${targets[@]+"${targets[@]}"})
  [ -z "${PINSTEAD_TARGETS_FILE:-}" ] || command+=("--targets=$PINSTEAD_TARGETS_FILE")
  [ -z "${PINSTEAD_POLICY:-}" ] || command+=("--policy=$PINSTEAD_POLICY")
  for pin in ${pins[@]+"${pins[@]}"}; do command+=("--pins=$pin"); done
elif [ ${#pins[@]} -gt 0 ]; then
  # `pinstead pins` reads no policy: to drop one that was asked for would be a gate that is not there.
  [ -z "${PINSTEAD_POLICY:-}" ] || refuse "pins alone are linted without a policy; use fail-on, or name targets"
  command=(pins "${pins[@]}")
else
  refuse "name targets, a targets-file or pins"
fi

[ -z "${PINSTEAD_BASELINE:-}" ] || command+=("--baseline=$PINSTEAD_BASELINE")
[ -z "${PINSTEAD_FAIL_ON:-}" ] || command+=("--fail-on=$PINSTEAD_FAIL_ON")
[ -z "${PINSTEAD_FAIL_ON_UNDETERMINED:-}" ] || command+=("--fail-on-undetermined=$PINSTEAD_FAIL_ON_UNDETERMINED")
command+=("--format=${PINSTEAD_FORMAT:-human}")

report=${PINSTEAD_OUTPUT:-}
# As GitHub's own conditions do, in whatever case: `tr`, for the bash of macOS has no ${x,,}.
upload=$(printf %s "${PINSTEAD_UPLOAD_SARIF:-false}" | tr '[:upper:]' '[:lower:]')
case $upload in true | false) ;; *) refuse "upload-sarif is true or false" ;; esac
if [ -z "$report" ] && [ "$upload" = true ]; then
  report=$RUNNER_TEMP/pinstead.sarif
fi
if [ -n "$report" ]; then
  # A name with a line break in it would be another output.
  case $report in *$'\n'*) refuse "output is one line" ;; esac
  # The steps that follow run elsewhere.
  case $report in
    /* | [A-Za-z]:[\\/]*) ;;
    *) report=$PWD/$report ;;
  esac
  [ ! -d "$report" ] || refuse "output is a directory: $report"
  command+=("--output=$report")
fi

# What an earlier run left is not this one's report: which file it is, its size and time tell (GNU's stat, or BSD's).
stamp() {
  stat -c '%i %s %y' -- "$1" 2>/dev/null || stat -f '%i %z %Fm' -- "$1" 2>/dev/null || true
}
before=
[ -z "$report" ] || before=$(stamp "$report")
code=0
pinstead "${command[@]}" || code=$?
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [ -n "$report" ] && [ -f "$report" ] && [ "$(stamp "$report")" != "$before" ]; then
  echo "report=$report" >>"$GITHUB_OUTPUT"
fi
