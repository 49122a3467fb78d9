package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"time"

	"custody"
)

// hardProof is how old the last signature of a bound session's device key may be;
// after it nothing is let through. The worker in the browser renews it every two
// minutes of use, pages do when it is due. A copied cookie stops working by then.
const hardProof = 10 * time.Minute

// deviceContext separates these signatures from any other use of the key.
const deviceContext = "custody device v1\n"

// unproved says whether a bound session's last signature is older than limit.
func (d *Door) unproved(v *visit, now time.Time, limit time.Duration) bool {
	return v.device.Load() != nil && now.UnixNano()-v.proved.Load() > int64(limit)
}

// devicePage binds a sign-in to the browser's key, or renews the proof, and goes on.
// Without scripts an unbound session goes on as it is, and is recorded so.
func (d *Door) devicePage(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	bound := v.device.Load() != nil
	onwards := next(r)
	if !v.accepted.Load() {
		onwards = d.link("notice", onwards)
	}
	d.page(w, r, http.StatusOK, "device", view{Title: "One moment", Next: onwards, Scripts: []string{"devicekey.js", "device.js"},
		Data: map[string]any{"Bound": bound}})
}

// deviceFlow is what the door remembers of a challenge.
type deviceFlow struct {
	Credential int64  `json:"c"`
	Challenge  string `json:"h"`
}

func (d *Door) deviceBegin(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.tell(w, err)
		return
	}
	challenge := rand.Text()
	if err := d.begin(w, "device", deviceFlow{v.browser.Credential, challenge}, time.Minute); err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"challenge": challenge})
}

// deviceAnswer is what the script sends: the public key as SPKI and the signature as
// r ‖ s, both base64url.
type deviceAnswer struct {
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

var errDeviceAnswer = custody.E(custody.CodeUnauthorised, "this is not the browser that signed in", "sign in again")

// deviceFinish checks the signature under the session's key; a session that has none
// takes the key that comes with it.
func (d *Door) deviceFinish(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err == nil {
		err = d.checkDevice(w, r, v)
	}
	if err != nil {
		d.tell(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *Door) checkDevice(w http.ResponseWriter, r *http.Request, v *visit) error {
	var f deviceFlow
	cookie, err := d.under(r, "device", &f)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	var a deviceAnswer
	if err != nil || json.Unmarshal(body, &a) != nil || f.Credential != v.browser.Credential {
		return errDeviceAnswer
	}
	spki, err := base64.RawURLEncoding.DecodeString(a.Key)
	if err != nil {
		return errDeviceAnswer
	}
	kept := v.device.Load()
	if kept != nil {
		spki = *kept
	}
	if !signed(spki, deviceContext+f.Challenge, a.Signature) || !d.finish(w, "device", cookie) {
		d.o.Log.Warn("a device could not show its key", "session", v.sess.ID, "bound", kept != nil)
		return errDeviceAnswer
	}
	return d.proveDevice(v, spki, kept == nil)
}

// proveDevice notes a signature; the first one binds the session to its key.
func (d *Door) proveDevice(v *visit, spki []byte, first bool) error {
	if first {
		if err := d.id.BindBrowser(v.browser.Credential, spki); err != nil {
			return err
		}
		d.o.Log.Info("a session was bound to its device", "session", v.sess.ID)
	}
	v.proved.Store(d.o.Now().UnixNano())
	v.device.CompareAndSwap(nil, &spki)
	return nil
}

// signed checks an ECDSA P-256 signature in the form of WebCrypto (IEEE P1363).
func signed(spki []byte, message, signature string) bool {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || len(sig) != 64 || len(spki) > 200 {
		return false
	}
	parsed, err := x509.ParsePKIXPublicKey(spki)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return false
	}
	digest := sha256.Sum256([]byte(message))
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}
