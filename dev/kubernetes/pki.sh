# shellcheck shell=bash
# Certificates, which stay as long as a cluster's state, and the kubeconfigs that carry them.

make_pki() {
    [ ! -f pki/done ] || return 0
    rm -rf pki
    mkdir -p pki log
    write_pki 2>log/openssl.log || die "failed to make the certificates; see $dir/log/openssl.log"
    touch pki/done
}

write_pki() {
    authority ca && authority front-proxy-ca &&
        certificate server ca /CN=kube-apiserver serverAuth \
            "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$service_ip,IP:$node_ip" &&
        certificate kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth &&
        certificate kubelet ca "/O=system:nodes/CN=system:node:$node_name" clientAuth &&
        certificate kubelet-server ca "/CN=$node_name" serverAuth "DNS:$node_name,IP:$node_ip" &&
        certificate kube-proxy ca /CN=system:kube-proxy clientAuth &&
        certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth &&
        certificate admin ca /O=system:masters/CN=admin clientAuth &&
        certificate controller-manager ca /CN=system:kube-controller-manager clientAuth &&
        certificate scheduler ca /CN=system:kube-scheduler clientAuth &&
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pki/service-accounts.key &&
        openssl pkey -in pki/service-accounts.key -pubout -out pki/service-accounts.pub
}

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

# authority NAME
authority() { openssl req -x509 "${new_key[@]}" -days 3650 -subj "/CN=$1" -keyout "pki/$1.key" -out "pki/$1.crt"; }

# certificate NAME AUTHORITY SUBJECT USAGE [NAMES]
certificate() {
    local file=pki/$1 by=pki/$2
    printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "extendedKeyUsage=$4" ${5:+"subjectAltName=$5"} >pki/extensions
    openssl req "${new_key[@]}" -subj "$3" -keyout "$file.key" -out pki/request &&
        openssl x509 -req -in pki/request -CA "$by.crt" -CAkey "$by.key" -CAcreateserial -days 3650 -extfile pki/extensions -out "$file.crt"
}

# kubeconfig NAME
kubeconfig() {
    cat >"$1.new" <<TEXT
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "$(address kube-apiserver)", certificate-authority-data: $(data ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(data "$1.crt"), client-key-data: $(data "$1.key")}}]
contexts: [{name: test, context: {cluster: test, user: $1}}]
current-context: test
TEXT
    mv "$1.new" "$1.kubeconfig"
}

data() { openssl base64 -A -in "pki/$1"; }
