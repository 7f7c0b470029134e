package source

import (
	"bytes"
	"errors"
	"strings"
)

// awsSecrets makes new entries only: create-secret fails where put-secret-value would replace.
var awsSecrets = manager{
	form:    "aws-sm:ID",
	program: "aws",
	install: installAWS,
	split:   splitAWS,
	show:    []string{"secretsmanager", "get-secret-value", "--secret-id={}", "--query=SecretString", "--output=text"},
	insert:  []string{"secretsmanager", "create-secret", "--name={}", "--secret-string=file:///dev/stdin", "--output=json"},
	encode:  func(_ place, value []byte) []byte { return bytes.Clone(value) },
	parse:   parseAWS,
	faults: append([]fault{
		{"resourcenotfoundexception", KindNotFound, "aws secretsmanager list-secrets"},
		{"resourceexistsexception", KindExists, "choose another name"},
		{"marked for deletion", KindFailed, "aws secretsmanager restore-secret --secret-id {}"},
		{"marked deleted", KindFailed, "aws secretsmanager restore-secret --secret-id {}"},
	}, awsFaults...),
}

// awsParameters never has --overwrite.
var awsParameters = manager{
	form:    "aws-ssm:NAME",
	program: "aws",
	install: installAWS,
	split:   splitAWS,
	show:    []string{"ssm", "get-parameter", "--name={}", "--with-decryption", "--query=Parameter.Value", "--output=text"},
	insert:  []string{"ssm", "put-parameter", "--name={}", "--type=SecureString", "--value=file:///dev/stdin", "--output=json"},
	encode:  func(_ place, value []byte) []byte { return bytes.Clone(value) },
	parse:   parseAWS,
	faults: append([]fault{
		{"parameternotfound", KindNotFound, "aws ssm describe-parameters"},
		{"parameterversionnotfound", KindNotFound, "aws ssm describe-parameters"},
		{"parameteralreadyexists", KindExists, "choose another name"},
	}, awsFaults...),
}

const installAWS = "install the AWS CLI (awscli), then: aws configure"

var awsFaults = []fault{
	{"unable to locate credentials", KindNotLoggedIn, "aws configure, or export AWS_PROFILE=..."},
	{"token has expired", KindNotLoggedIn, "aws sso login"},
	{"error loading sso token", KindNotLoggedIn, "aws sso login"},
	{"expiredtoken", KindNotLoggedIn, "aws sso login, or get new session credentials"},
	{"unrecognizedclientexception", KindNotLoggedIn, "aws configure: these credentials are not valid"},
	{"invalidclienttokenid", KindNotLoggedIn, "aws configure: these credentials are not valid"},
	{"config profile", KindNotLoggedIn, "aws configure list-profiles"},
	{"must specify a region", KindNotLoggedIn, "export AWS_REGION=..."},
	{"accessdenied", KindDenied, "ask for the permission, or export AWS_PROFILE=..."},
	{"could not connect to the endpoint", KindOffline, "connect to the network; is the region right?"},
	{"connect timeout", KindOffline, "connect to the network; is the region right?"},
	{"validationexception", KindUsage, ""},
	{"parameter validation failed", KindUsage, ""},
	{"[exit status 253]", KindNotLoggedIn, "aws configure"},
	{"[exit status 252]", KindUsage, ""},
}

// splitAWS refuses what the AWS CLI would take for the address of a file to read, and send.
func splitAWS(ref Ref) (place, error) {
	if strings.Contains(ref.Rest, "://") {
		return place{}, errors.New("a name cannot contain ://")
	}
	return place{name: ref.Rest, field: ref.Field}, nil
}

// parseAWS reads the text of a secret: a JSON object of fields, as the console makes it, or else the secret itself.
// A secret without text, a binary one, is printed as None.
func parseAWS(printed []byte, at place) ([]entry, error) {
	text := bytes.TrimSpace(printed)
	if len(text) == 0 || string(text) == "None" {
		return nil, fail(KindNoSecret, "", errors.New("the entry holds no text"))
	}
	e := entry{name: at.name}
	if text[0] == '{' {
		if fields, err := fieldsOfObject(text); err == nil {
			e.fields = fields
			return []entry{e}, nil
		}
	}
	e.fields = append([]field{{name: "secret", role: roleOTP, value: bytes.Clone(text)}}, fieldsOfText(text)...)
	return []entry{e}, nil
}
