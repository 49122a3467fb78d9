package pgproxy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"

	"custody"
)

const credentialHint = "check the login and the system's name, and that the token is current: custody token issue --person … --system …"

// maxCredential is the largest message a client may send before it is known.
const maxCredential = 4096

// authenticate finds the credential that the client can show: a personal
// certificate in the TLS handshake, or a token by SCRAM-SHA-256, or in clear inside
// TLS where the options say so. It ends with AuthenticationOk not yet sent.
func (s *Server) authenticate(st *starting, login, system string) (credential int64, kind string, err error) {
	if st.tls != nil {
		if certs := st.tls.ConnectionState().PeerCertificates; len(certs) > 0 {
			credential, err = s.o.Identity.Certificate(certs[0], login, system)
			return credential, "certificate", err
		}
	}
	if st.tls != nil && s.o.ClearPassword != nil && s.o.ClearPassword(login) {
		credential, err = s.clearPassword(st, login, system)
		return credential, "token", err
	}
	credential, err = s.scram(st, login, system)
	return credential, "token", err
}

// ask sends an authentication request and reads the client's answer.
func (st *starting) ask(code uint32, body []byte) ([]byte, error) {
	m, at := begin(nil, 'R')
	m = binary.BigEndian.AppendUint32(m, code)
	if _, err := st.conn.Write(finish(append(m, body...), at)); err != nil {
		return nil, err
	}
	answer, err := newReader(st.conn, maxCredential).next()
	if err != nil {
		return nil, err
	}
	if answer.kind() != 'p' {
		return nil, custody.E(custody.CodeInvalid, "the client did not send a password", "have it sign in with a password: the personal token")
	}
	return answer.body(), nil
}

func (s *Server) clearPassword(st *starting, login, system string) (int64, error) {
	body, err := st.ask(3, nil)
	if err != nil {
		return 0, err
	}
	c := cursor{b: body}
	return s.o.Identity.Password(login, system, string(c.cstring()))
}

// scram runs SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL does, with channel
// binding inside TLS (RFC 5929, tls-server-end-point). The verifiers of all live
// tokens of the login share one salt; the proof tells which one was used. An
// unknown login goes through the same messages and fails at the end.
func (s *Server) scram(st *starting, login, system string) (int64, error) {
	salt, iterations, keys := s.o.Identity.Scram(login, system)
	mechanisms := "SCRAM-SHA-256\x00\x00"
	binding := s.endPoint(st)
	if binding != nil {
		mechanisms = "SCRAM-SHA-256-PLUS\x00" + mechanisms
	}
	body, err := st.ask(10, []byte(mechanisms))
	if err != nil {
		return 0, err
	}
	x := exchange{binding: binding}
	if err := x.first(body); err != nil {
		return 0, err
	}
	serverFirst := x.reply(salt, iterations)
	if body, err = st.ask(11, []byte(serverFirst)); err != nil {
		return 0, err
	}
	credential, signature, err := x.final(string(body), keys)
	if err != nil {
		return 0, err
	}
	m, at := begin(nil, 'R')
	m = binary.BigEndian.AppendUint32(m, 12)
	m = append(m, "v="+base64.StdEncoding.EncodeToString(signature)...)
	_, err = st.conn.Write(finish(m, at))
	return credential, err
}

// endPoint gives the channel binding data of our certificate, nil without TLS.
func (s *Server) endPoint(st *starting) []byte {
	if st.tls == nil || s.o.TLS == nil || len(s.o.TLS.Certificates) == 0 {
		return nil
	}
	cert, err := x509.ParseCertificate(s.o.TLS.Certificates[0].Certificate[0])
	if err != nil {
		return nil
	}
	var h hash.Hash
	switch cert.SignatureAlgorithm {
	case x509.ECDSAWithSHA384, x509.SHA384WithRSA, x509.SHA384WithRSAPSS:
		h = sha512.New384()
	case x509.ECDSAWithSHA512, x509.SHA512WithRSA, x509.SHA512WithRSAPSS:
		h = sha512.New()
	case x509.PureEd25519:
		return nil // RFC 5929 gives no hash for it
	default:
		h = sha256.New()
	}
	h.Write(cert.Raw)
	return h.Sum(nil)
}

// exchange is the state of one SCRAM conversation.
type exchange struct {
	binding     []byte
	gs2         string // the client's header, with its channel binding flag
	firstBare   string
	serverFirst string
	nonce       string
}

// first reads SASLInitialResponse.
func (x *exchange) first(body []byte) error {
	c := cursor{b: body}
	mechanism := string(c.cstring())
	text := string(c.take(c.int32()))
	if c.bad || mechanism != "SCRAM-SHA-256" && mechanism != "SCRAM-SHA-256-PLUS" {
		return badScram()
	}
	flag, rest, ok := strings.Cut(text, ",")
	authzid, bare, ok2 := strings.Cut(rest, ",")
	if !ok || !ok2 || authzid != "" {
		return badScram()
	}
	plus := mechanism == "SCRAM-SHA-256-PLUS"
	switch {
	case plus && (flag != "p=tls-server-end-point" || x.binding == nil):
		return badScram()
	case !plus && flag == "y" && x.binding != nil:
		// The client thinks that we cannot bind, though we offered it: somebody
		// between us took the offer away.
		return custody.E(custody.CodeUnauthorised, "the offer of channel binding was removed on the way", "somebody may be meddling with the connection")
	case !plus && flag != "n" && flag != "y":
		return badScram()
	}
	x.gs2, x.firstBare = flag+",,", bare
	for part := range strings.SplitSeq(bare, ",") {
		if nonce, ok := strings.CutPrefix(part, "r="); ok {
			x.nonce = nonce
		}
	}
	if x.nonce == "" || strings.HasPrefix(bare, "m=") {
		return badScram()
	}
	return nil
}

// reply makes the server-first-message.
func (x *exchange) reply(salt []byte, iterations int) string {
	var b [18]byte
	_, _ = rand.Read(b[:])
	x.nonce += base64.StdEncoding.EncodeToString(b[:])
	x.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", x.nonce, base64.StdEncoding.EncodeToString(salt), iterations)
	return x.serverFirst
}

// final checks the client-final-message against every verifier and gives the
// credential that fits with the server's signature.
func (x *exchange) final(text string, keys []custody.ScramKey) (int64, []byte, error) {
	at := strings.LastIndex(text, ",p=")
	if at < 0 {
		return 0, nil, badScram()
	}
	proof, err := base64.StdEncoding.DecodeString(text[at+3:])
	if err != nil || len(proof) != sha256.Size {
		return 0, nil, badScram()
	}
	cbind := x.gs2
	if strings.HasPrefix(x.gs2, "p=") {
		cbind += string(x.binding)
	}
	if text[:at] != "c="+base64.StdEncoding.EncodeToString([]byte(cbind))+",r="+x.nonce {
		return 0, nil, badScram()
	}
	message := []byte(x.firstBare + "," + x.serverFirst + "," + text[:at])
	for _, k := range keys {
		signature := mac(k.StoredKey[:], message)
		clientKey := make([]byte, sha256.Size)
		subtle.XORBytes(clientKey, proof, signature)
		if h := sha256.Sum256(clientKey); subtle.ConstantTimeCompare(h[:], k.StoredKey[:]) == 1 {
			return k.Credential, mac(k.ServerKey[:], message), nil
		}
	}
	return 0, nil, custody.E(custody.CodeUnauthorised, "the credential was not accepted", credentialHint)
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

func badScram() error {
	return custody.E(custody.CodeInvalid, "the sign-in exchange is broken", "try another client, or a certificate")
}
