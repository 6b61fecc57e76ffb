#!/bin/sh
# Builds every function a second time, in another folder and with an empty build cache, and fails unless each is the very
# file that sam build made: an unchanged function is then not deployed again, and anyone can check what was.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -cf - --exclude=node_modules go.mod go.sum Makefile functions internal | tar -xf - -C "$copy"
GOCACHE=$copy/cache make -s -C "$copy" build
for main in functions/*/main.go; do
  name=$(basename "$(dirname "$main")")
  id=$(echo "$name" | awk -F- '{ for (i = 1; i <= NF; i++) printf "%s%s", toupper(substr($i, 1, 1)), substr($i, 2) }')Function
  cmp ".aws-sam/build/$id/bootstrap" "$copy/build/$name/bootstrap"
  echo "identical  $name"
done
