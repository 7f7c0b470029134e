package keyring

import (
	"fmt"
	"slices"

	"github.com/zalando/go-keyring/secret_service"
)

// onlyOne counts the entries of a name, of which the library would take the first.
func onlyOne(name string) error {
	s, err := ss.NewSecretService()
	if err != nil {
		return err
	}
	login := s.GetLoginCollection()
	if err := s.Unlock(login.Path()); err != nil {
		return meaning(err)
	}
	found, err := s.SearchItems(login, map[string]string{"service": service, "username": name})
	if err != nil || len(found) < 2 {
		return err
	}
	several := &SeveralError{}
	for _, path := range found {
		label, err := s.Object("org.freedesktop.secrets", path).GetProperty("org.freedesktop.Secret.Item.Label")
		if err != nil {
			return err
		}
		several.Labels = append(several.Labels, fmt.Sprint(label.Value()))
	}
	slices.Sort(several.Labels)
	return several
}
