#!/bin/sh
# Publishes what `make release` made for all architectures: images under one name each, and the chart. The release workflow runs it, logged in with `docker login`.
#
#   dev/publish.sh DIST REGISTRY TAG     DIST/amd64 and DIST/arm64 hold what was made; their files are brought into DIST itself, and the chart beside them
set -eu

dist=${1:?} registry=${2:?} tag=${3:?}
root=$(cd "$(dirname "$0")/.." && pwd)

for component in operator ingestor query generator; do
    image=$registry/logpipeline-$component:$tag
    for architecture in amd64 arm64; do
        skopeo copy --preserve-digests "oci-archive:$dist/$architecture/logpipeline-$component-$architecture.tar" "docker://$image-$architecture"
    done
    docker buildx imagetools create --tag "$image" "$image-amd64" "$image-arm64"
done
mv "$dist"/*/*.tar.gz "$dist"/*/*.cdx.json "$dist/"
helm package "$root/charts/logpipeline" --version "${tag#v}" --app-version "$tag" --destination "$dist"
helm push "$dist/logpipeline-${tag#v}.tgz" "oci://$registry/charts"
