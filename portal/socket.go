package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"custody"
	"custody/subjects/body"
)

// maxMessage is the longest WebSocket message either way, in bytes.
const maxMessage = 1 << 20

// upgrade says whether a request asks for a WebSocket.
func upgrade(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" || r.Method == http.MethodConnect
}

// socket connects the client's WebSocket with the application's. Messages from the
// application are recognised, recorded and masked one by one, as pages are; those of
// the person go on as they are, like any request.
func (v *visit) socket() error {
	if !strings.EqualFold(v.r.Header.Get("Upgrade"), "websocket") || v.r.Method != http.MethodGet {
		return deny(http.StatusBadRequest, custody.CodeUnsupported, "this protocol is not let through", "")
	}
	v.kind, v.route = body.Text, custody.RouteStream
	if v.byCustomer() {
		if err := v.askFirst(); err != nil {
			return err
		}
	}
	v.view.turn(v.route, v.shape)
	up, err := v.dialSocket()
	if err != nil {
		return err
	}
	defer up.CloseNow()
	v.ctx.Off(v.watched)
	client, err := websocket.Accept(v.w, v.r, &websocket.AcceptOptions{
		Subprotocols: subprotocols(up), InsecureSkipVerify: true, // check has looked at the origin
	})
	v.released = true // the connection is no longer an answer's, nor its deadline
	if err != nil {
		return err
	}
	defer client.CloseNow()
	return v.relay(client, up)
}

func subprotocols(up *websocket.Conn) []string {
	if p := up.Subprotocol(); p != "" {
		return []string{p}
	}
	return nil
}

// dialSocket opens the application's side, signed in as for any request, and once more
// when the application's session had ended.
func (v *visit) dialSocket() (*websocket.Conn, error) {
	asked := v.r.Header["Sec-Websocket-Protocol"]
	req := v.request()
	self := v.p.o.Origin.Self()
	scheme := map[string]string{"http": "ws", "https": "wss"}[v.p.o.Origin.URL().Scheme]
	for again := false; ; again = true {
		generation, err := v.g.account.Ready(&v.ctx)
		if err != nil {
			return nil, err
		}
		req.Cookie = v.passedCookies()
		v.g.account.Sign(req, v.path)
		h := req.Header.Clone()
		if req.Cookie != "" {
			h.Set("Cookie", req.Cookie)
		}
		up, resp, err := websocket.Dial(&v.ctx, scheme+"://"+v.p.o.Origin.URL().Host+req.Target, &websocket.DialOptions{
			HTTPClient: v.p.sockets, HTTPHeader: h, Host: self.Host, Subprotocols: protocolsOf(asked),
		})
		if err == nil {
			return up, nil
		}
		if resp == nil {
			return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the application cannot be reached", Hint: "try again in a moment", Err: err}
		}
		if again || !v.g.account.Expired(resp) {
			return nil, deny(http.StatusBadGateway, custody.CodeUnavailable, "the application does not open this connection", "try again from the start page")
		}
		v.g.account.Renew(generation)
	}
}

func protocolsOf(lines []string) (list []string) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(name))
		}
	}
	return list
}

// relay carries messages both ways until one side ends or the session is cut. The
// client is told why with a closing message, so its reader is not stopped by a context,
// which would only break the connection.
func (v *visit) relay(client, up *websocket.Conn) error {
	client.SetReadLimit(maxMessage)
	up.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(&v.ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- carry(ctx, up, client)
	}()
	err := v.carryBack(ctx, client, up)
	if err == nil || errors.Is(err, context.Canceled) && v.ctx.Err() == nil { // the person's side ended first
		err = <-done
		done <- err
	}
	code, text := closing(err)
	if v.ctx.Err() != nil {
		code, text = websocket.StatusPolicyViolation, "your access has ended"
	}
	up.CloseNow()
	_ = client.Close(code, text)
	<-done
	return nil
}

// carry takes the person's messages to the application.
func carry(ctx context.Context, up, client *websocket.Conn) error {
	for {
		kind, b, err := client.Read(context.Background())
		if err != nil {
			return err
		}
		if err := up.Write(ctx, kind, b); err != nil {
			return err
		}
	}
}

// carryBack takes the application's messages to the person: each is recognised,
// recorded and then released.
func (v *visit) carryBack(ctx context.Context, client, up *websocket.Conn) error {
	for {
		kind, b, err := up.Read(ctx)
		if err != nil {
			return err
		}
		out := b
		if kind == websocket.MessageText {
			if out, err = v.message(b); err != nil {
				return err
			}
		} else if !v.p.o.AllowUninspectable {
			v.refused(custody.CodeUnsupported)
			return body.ErrUninspectable
		}
		if err := v.settle(); err != nil {
			return err
		}
		if err := client.Write(ctx, kind, out); err != nil {
			return err
		}
	}
}

// message recognises one message and gives what may leave of it once it is recorded.
func (v *visit) message(b []byte) ([]byte, error) {
	f := &v.view.filter
	kind := body.KindOf("text/plain", b)
	if kind == body.Empty {
		return b, nil
	}
	if err := f.Reset(kind, v.options("")); err != nil {
		return nil, err
	}
	v.view.rules = v.view.rules[:0] // policy is asked again for each message
	out, err := f.Write(v.view.out[:0], b)
	if err == nil {
		out, err = f.Close(out)
	}
	v.view.out = out
	return out, err
}

// closing says why a socket ends, in the protocol's words.
func closing(err error) (websocket.StatusCode, string) {
	var ended websocket.CloseError
	switch {
	case errors.As(err, &ended) && ended.Code != websocket.StatusNoStatusRcvd && ended.Code != websocket.StatusAbnormalClosure:
		return ended.Code, ""
	case errors.As(err, &ended):
		return websocket.StatusNormalClosure, ""
	}
	switch code := custody.CodeOf(err); code {
	case custody.CodeInternal, custody.CodeNone:
		return websocket.StatusGoingAway, ""
	default:
		text := err.Error()
		return websocket.StatusPolicyViolation, text[:min(len(text), 120)]
	}
}
