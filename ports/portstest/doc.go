// Package portstest holds the conformance kit of every port: what an adapter
// must pass to be right. The kits of Store, Queue and ContentSource are
// themselves proved against adapters that are broken on purpose.
package portstest
