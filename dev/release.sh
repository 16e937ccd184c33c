#!/bin/sh
# Puts what a release gives for this architecture into target/dist: the binaries, the images and their bills of materials.
#
#   dev/release.sh ARCHITECTURE     after `make images`
set -eu

architecture=${1:?name the architecture, as amd64}
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
dist=$target/dist
host=$(rustc -vV | sed -n 's/host: //p')
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
name=logpipeline-$version-linux-$architecture
if [ "${RELEASE_TAG:-v$version}" != "v$version" ]; then
    echo "the tag $RELEASE_TAG is not that of the version $version in Cargo.toml" >&2
    exit 1
fi

rm -rf "$dist"
mkdir -p "$dist/$name"
for binary in operator ingestor query generator; do cp "$target/$host/image/logpipeline-$binary" "$dist/$name/"; done
cp "$target/$host/image/logq" "$root/LICENSE" "$root/README.md" "$dist/$name/"
tar -C "$dist" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
rm -r "${dist:?}/$name"
for component in operator ingestor query generator; do
    cp "$target/images/logpipeline-$component.tar" "$dist/logpipeline-$component-$architecture.tar"
    cp "$target/images/logpipeline-$component.cdx.json" "$dist/logpipeline-$component-$version-$architecture.cdx.json"
done
ls "$dist"
