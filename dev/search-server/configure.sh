# shellcheck shell=bash
# Writes DIR/config anew for each start; certificates are made once and stay.

configure() {
    mkdir -p "$dir"/data "$dir"/logs "$dir"/tmp "$dir"/config
    cp -r "$home/config/." "$dir/config/"
    node_settings >"$dir/config/$family.yml"
    java_options >"$dir/config/jvm.options.new"
    mv "$dir/config/jvm.options.new" "$dir/config/jvm.options"
    case $security:$family in
        0:*) ;;
        tls:elasticsearch) make_certificates ;;
        *:opensearch) make_certificates; opensearch_users ;;
    esac
}

node_settings() {
    cat <<TEXT
cluster.name: logpipeline
node.name: node-$port
path.data: $dir/data
path.logs: $dir/logs
network.host: $host
http.port: $port
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: true
TEXT
    # Port 0 takes a free one, so that nodes side by side don't collide.
    case $kind in
        elasticsearch-6) printf '%s\n' 'transport.tcp.port: 0' 'xpack.security.enabled: false' 'xpack.ml.enabled: false' ;;
        *) echo 'transport.port: 0' ;;
    esac
    case $security:$kind in
        *:elasticsearch-[89]) elasticsearch_security ;;
        [bt]*:opensearch-2) opensearch_security ;;
    esac
}

elasticsearch_security() {
    echo 'xpack.security.autoconfiguration.enabled: false'
    if [ "$security" = 0 ]; then
        echo 'xpack.security.enabled: false'
        return
    fi
    echo 'xpack.security.enabled: true'
    [ "$security" = basic ] || cat <<'TEXT'
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: certs/key.pem
xpack.security.http.ssl.certificate: certs/cert.pem
TEXT
}

opensearch_security() {
    local layer enabled=false
    [ "$security" = basic ] || enabled=true
    echo "plugins.security.ssl.http.enabled: $enabled"
    echo 'plugins.security.ssl.transport.enforce_hostname_verification: false'
    echo 'plugins.security.allow_default_init_securityindex: true'
    for layer in transport http; do
        printf "plugins.security.ssl.$layer.%s\n" 'pemkey_filepath: certs/key.pem' 'pemcert_filepath: certs/cert.pem' 'pemtrustedcas_filepath: certs/ca.pem'
    done
}

java_options() {
    grep -vE '^ *(#|$)|-Xm[sx]|-Xlog|-Xloggc|HeapDump|ErrorFile|PrintGC|PrintTenuring|GCLogFile' "$home/config/jvm.options" |
        if [ "$fast" = 0 ]; then cat; else grep -vE 'Use(G1GC|ConcMarkSweepGC)|CMS|G1Reserve|InitiatingHeap'; fi
    printf '%s\n' "-Xmx$heap" "-XX:ErrorFile=$dir/logs/hs_err_pid%p.log" "$(marker)"
    if [ "$fast" = 0 ]; then
        echo "-Xms$heap"
    else
        printf '%s\n' -Xms128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch
    fi
}

# A CA and a server certificate: clients such as rustls refuse a CA's own certificate as a server's.
make_certificates() {
    local certs=$dir/config/certs alternatives=DNS:localhost,IP:127.0.0.1 name
    [ "$host" = 127.0.0.1 ] || alternatives+=,IP:$host
    for name in $names; do alternatives+=,DNS:$name; done
    [ ! -f "$certs/cert.pem" ] || return 0
    need openssl openssl
    mkdir -p "$certs"
    (
        cd "$certs"
        printf '%s\n' "subjectAltName=$alternatives" 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth,clientAuth' >extensions
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=logpipeline test CA' -keyout ca-key.pem -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem
        openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -extfile extensions -out new.pem
        mv new.pem cert.pem
        rm -f extensions request.pem
    ) 2>"$dir/logs/openssl.log" || die "failed to make the certificates; see $dir/logs/openssl.log"
}

opensearch_users() {
    local hash plugin=$home/plugins/opensearch-security to=$dir/config/opensearch-security
    mkdir -p "$to"
    cp "$plugin"/config/* "$to/"
    hash=$(OPENSEARCH_JAVA_HOME=$java "$plugin/tools/hash.sh" -p "$password" 2>/dev/null | grep '^[$]2' | tail -n 1)
    [ -n "$hash" ] || die 'failed to hash the password'
    cat >"$to/internal_users.yml" <<TEXT
_meta: {type: internalusers, config_version: 2}
$user: {hash: "$hash", reserved: true, backend_roles: [admin]}
TEXT
}

# Runs as the server's user, after DIR became its.
elasticsearch_user() {
    server_command elasticsearch-users useradd "$user" -p "$password" -r superuser >"$dir/logs/users.log" 2>&1 ||
        die "failed to make the user $user: $(tail -n 1 "$dir/logs/users.log")"
}
