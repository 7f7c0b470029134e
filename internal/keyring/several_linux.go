package keyring

import secretservice "github.com/zalando/go-keyring/secret_service"

// onlyOne asks for the names of the entries, of which the library would take the first.
func onlyOne(name string) error {
	s, err := secretservice.NewSecretService()
	if err != nil {
		return err
	}
	login := s.GetLoginCollection()
	if err := s.Unlock(login.Path()); err != nil {
		return meaning(err)
	}
	found, err := s.SearchItems(login, map[string]string{"service": service, "username": name})
	if err == nil && len(found) > 1 {
		return &SeveralError{len(found)}
	}
	return err
}
