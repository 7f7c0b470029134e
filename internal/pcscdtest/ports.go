package pcscdtest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
)

// listening reports whether a port of this machine is being listened on. It looks into the kernel's tables: connecting
// would be taken for a card.
func listening(port int) bool {
	const listen = "0A"
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) && fields[3] == listen {
			return true
		}
	}
	return false
}

// freePorts finds two ports in a row, which vpcd's two slots need. They are below those that the kernel gives to outgoing
// connections, so that none of these takes one before vpcd does.
func freePorts() (int, error) {
	const low, high = 20000, 32000
	for range 100 {
		port := low + rand.IntN(high-low)
		if free(port) && free(port+1) {
			return port, nil
		}
	}
	return 0, errors.New("no two free ports in a row")
}

// free asks for every address, as vpcd will.
func free(port int) bool {
	l, err := net.Listen("tcp4", fmt.Sprintf(":%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
