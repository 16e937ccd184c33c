#!/bin/sh
# Publishes what `make release` made for all architectures: images under one name each, and the chart. The release workflow runs it, logged in with `docker login`.
#
#   dev/publish.sh DIST REGISTRY TAG     DIST/amd64 and DIST/arm64 hold what was made; their files are brought into DIST itself, and the
#                                        chart beside them; DIST/images.sha256 has the images' digests
set -eu

dist=${1:?} registry=${2:?} version=${3#v}
root=$(cd "$(dirname "$0")/.." && pwd)

for component in operator ingestor query generator; do
    image=$registry/logpipeline-$component:$version
    for architecture in amd64 arm64; do
        skopeo copy --preserve-digests "oci-archive:$dist/$architecture/logpipeline-$component-$architecture.tar" "docker://$image-$architecture"
    done
    docker buildx imagetools create --tag "$image" "$image-amd64" "$image-arm64"
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
    echo "${digest#sha256:}  $image" >>"$dist/images.sha256"
done
mv "$dist"/*/*.tar.gz "$dist"/*/*.cdx.json "$dist/"
helm package "$root/charts/logpipeline" --destination "$dist"
helm push "$dist/logpipeline-$version.tgz" "oci://$registry/charts"
