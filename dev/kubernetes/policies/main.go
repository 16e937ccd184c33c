// The part of kube-router that enforces NetworkPolicies, by iptables and ipset: the whole of it brings routing protocols and a cloud's SDK.
//
//	policies KUBECONFIG NODE SERVICE-RANGE
package main

import (
	"os"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	config := options.NewKubeRouterConfig()
	config.HostnameOverride = os.Args[2]
	config.ClusterIPCIDRs = []string{os.Args[3]}
	config.EnableIPv4, config.EnableIPv6, config.RunFirewall = true, false, true
	config.IPTablesSyncPeriod = time.Minute

	rest := must(clientcmd.BuildConfigFromFlags("", os.Args[1]))
	client := must(kubernetes.NewForConfig(rest))
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	tables := map[v1.IPFamily]utils.IPTablesHandler{v1.IPv4Protocol: must(iptables.NewWithProtocol(iptables.ProtocolIPv4))}
	sets := map[v1.IPFamily]utils.IPSetHandler{v1.IPv4Protocol: must(utils.NewIPSet(false))}
	controller := must(netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, new(sync.Mutex), tables, sets))
	must(pods.AddEventHandler(controller.PodEventHandler))
	must(namespaces.AddEventHandler(controller.NamespaceEventHandler))
	must(policies.AddEventHandler(controller.NetworkPolicyEventHandler))
	never := make(chan struct{})
	factory.Start(never)
	factory.WaitForCacheSync(never)

	heartbeats := make(chan *healthcheck.ControllerHeartbeat, 1)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, never, &running)
}

func must[T any](value T, err error) T {
	if err != nil {
		klog.Fatal(err)
	}
	return value
}
