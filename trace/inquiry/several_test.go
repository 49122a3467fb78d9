package inquiry

import "testing"

func TestSeveralSaysWhatIsFoundAndWhatIsPossible(t *testing.T) {
	a := Source{Name: Name{Kind: Login, Name: "ada"}, Found: true}
	b := Source{Name: Name{Kind: Device, Name: "d7"}, Found: true}
	c := Source{Name: Name{Kind: Login, Name: "cleo"}}
	for _, x := range []struct {
		list []Source
		want string
	}{
		{[]Source{a}, ""},
		{[]Source{a, b}, "More than one source: login ada and device d7 each explain complaints that the others do not."},
		{[]Source{a, c}, "Possibly there is one more source beside login ada. Only possible, and no ground for a suspicion: login cleo."},
		{[]Source{c, c}, "Possibly more than one source: beside the best, others explain complaints that it does not. None is sure. Only possible, and no ground for a suspicion: login cleo, login cleo."},
	} {
		if got := several(x.list); got != x.want {
			t.Errorf("%q, wanted %q", got, x.want)
		}
	}
}
