// Totp computes a code from nothing but RFC 4226 and RFC 6238, to check ykmfa against something that shares no code
// with it: totp FILE UNIXTIME prints the six digits of the base32 secret in FILE (SHA-1, 30 seconds).
package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: totp FILE UNIXTIME")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		log.Fatalf("%s: not base32", os.Args[1])
	}
	now, err := strconv.ParseUint(os.Args[2], 10, 63)
	if err != nil {
		log.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	binary.Write(mac, binary.BigEndian, now/30)
	sum := mac.Sum(nil)
	at := sum[19] & 15
	number := binary.BigEndian.Uint32(sum[at:at+4]) &^ (1 << 31)
	fmt.Printf("%06d\n", number%1000000)
}
