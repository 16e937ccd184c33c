# shellcheck shell=bash
# Traefik, the Ingress controller of a node, from its published Go module. Its providers of DNS challenges are left out: they are most of the build,
# and nobody asks for certificates here.

traefik=v3.4.4

# fetch_ingress sets ingress, the controller's image.
fetch_ingress() {
    ingress=$cache/traefik-$traefik.tar
    [ ! -f "$ingress" ] || return 0
    "$here/require.sh" flock go node
    locked build make_ingress
}

make_ingress() {
    [ ! -f "$ingress" ] || return 0
    log "building Traefik $traefik, once: 3 to 10 minutes on two cores"
    build_ingress >"$making/log" 2>&1 || failed_build Traefik
    mv "$making/traefik.tar" "$ingress"
    log "built $ingress"
}

build_ingress() (
    go_settings
    local module=github.com/traefik/traefik/v3 source=$making/traefik
    mkdir "$making/fetch" "$making/bin" && cd "$making/fetch" && echo 'module fetch' >go.mod && go mod download "$module@$traefik" &&
        cp -r "$making/go/pkg/mod/$module@$traefik" "$source" && chmod -R u+w "$source" && cd "$source" || return
    # The module is published without the built pages of its dashboard, which are embedded.
    mkdir -p webui/static pkg/provider/acme/dns && echo 'no dashboard' >webui/static/index.html || return
    cat >pkg/provider/acme/dns/dns.go <<'GO'
package dns

import (
	"errors"

	"github.com/go-acme/lego/v4/challenge"
)

func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, errors.New("this build has no providers of DNS challenges")
}
GO
    sed -i "s#github.com/go-acme/lego/v4/providers/dns\"#$module/pkg/provider/acme/dns\"#" pkg/provider/acme/provider.go &&
        nice -n 19 go build -trimpath -ldflags "-s -w -X $module/pkg/version.Version=${traefik#v}" -o "$making/bin/traefik" ./cmd/traefik &&
        node "$parts/image.mjs" localhost/traefik:1 "$making/bin/traefik" "$making/traefik.tar"
)
