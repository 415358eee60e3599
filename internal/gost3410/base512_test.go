package gost3410

import (
	"math/big"
	"testing"
)

// The multiple of the base without vector code: edge scalars, and the k (with its
// opposite) whose last addition is a doubling, k = 2·acc mod q for what the 42
// pairs below it add up to.
func TestBaseMultGo(t *testing.T) {
	c, q, one := TC26A512().c512, tc512.q, big.NewInt(1)
	exception := new(big.Int).Lsh(big.NewInt(255), 505)
	exception.Sub(exception, q)
	list := []*big.Int{exception, new(big.Int).Sub(q, exception), one, new(big.Int).Sub(q, one)}
	for _, bit := range []uint{1, 6, 11, 12, 13, 252, 498, 503, 504, 505, 509, 510, 511} {
		power := new(big.Int).Lsh(one, bit)
		list = append(list, power, new(big.Int).Sub(power, one), new(big.Int).Sub(q, power))
	}
	for _, k := range list {
		n := scalar512(tc512.octets(k))
		var p xyzz512
		var a affine512
		c.baseMultGo(&p, &n)
		a.normalize(&p)
		want := tc512.mul(k, point{tc512.gx, tc512.gy})
		if c.intact(&p) != 1 || toBig(a.x[:]).Cmp(want.x) != 0 || toBig(a.y[:]).Cmp(want.y) != 0 {
			t.Errorf("k = %x: wrong point", k)
		}
	}
}
