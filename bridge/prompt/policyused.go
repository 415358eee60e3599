package prompt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tanba/internal/state"
)

// usedFile keeps how often each rule was used within the last hour, so that a
// robot gains nothing when the program is started anew (security.md T30). It is
// written before a yes is given: a yes that cannot be counted is none.
const usedFile = "robots-used.json"

const usedMax = 16 << 20

// uses are the yeses of the last hour: for each rule, by the digest of what it is,
// how many in which second. That is at most 3,600 pairs a rule, whatever it allows.
type uses struct {
	Version int                `json:"version"` // 1
	Rules   map[string][]count `json:"rules"`
	// Rest is until when nothing is allowed, because nobody knows what was used.
	Rest int64 `json:"rest,omitempty"`
}

type count [2]int64 // second, number

var errDamagedUses = errors.New("robots: the counts of uses are damaged")

// loadUses reads the file. One that is damaged allows nothing for an hour.
func loadUses(dir state.Dir, now time.Time) (*uses, error) {
	u := &uses{Version: 1, Rules: map[string][]count{}}
	if dir == "" {
		return u, nil
	}
	data, err := dir.Read(usedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err == nil {
		if u, err = parseUses(data); err == nil {
			return u, nil
		}
	}
	u = &uses{Version: 1, Rules: map[string][]count{}, Rest: now.Add(time.Hour).Unix()}
	return u, errors.Join(err, u.save(dir))
}

func parseUses(data []byte) (*uses, error) {
	u := &uses{}
	if len(data) > usedMax {
		return nil, fmt.Errorf("%w: %d octets", errDamagedUses, len(data))
	}
	if err := json.Unmarshal(data, u); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamagedUses, err)
	}
	if u.Version != 1 || u.Rules == nil {
		return nil, fmt.Errorf("%w: version %d", errDamagedUses, u.Version)
	}
	for _, list := range u.Rules {
		for _, c := range list {
			if c[1] < 1 {
				return nil, fmt.Errorf("%w: %d uses", errDamagedUses, c[1])
			}
		}
	}
	return u, nil
}

func (u *uses) save(dir state.Dir) error {
	if dir == "" {
		return nil
	}
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	return dir.Write(data, usedFile)
}

// take counts one use of a rule, unless the hour has had as many as it allows.
func (u *uses) take(r *rule, now time.Time) bool {
	second := now.Unix()
	for id, list := range u.Rules {
		kept := list[:0]
		for _, c := range list {
			// A clock that was ahead and was put right: it was now at the latest.
			if c[0] = min(c[0], second); second-c[0] < int64(time.Hour/time.Second) {
				kept = append(kept, c)
			}
		}
		if u.Rules[id] = kept; len(kept) == 0 {
			delete(u.Rules, id)
		}
	}
	// The end of a rest an hour ahead at most, whatever the clock did.
	if u.Rest = min(u.Rest, second+int64(time.Hour/time.Second)); second < u.Rest {
		return false
	}
	u.Rest = 0
	id := hexDigest(r.id())
	list, n := u.Rules[id], int64(0)
	for _, c := range list {
		if c[1] >= int64(r.PerHour)-n {
			return false
		}
		n += c[1]
	}
	if last := len(list) - 1; last >= 0 && list[last][0] == second {
		list[last][1]++
	} else {
		list = append(list, count{second, 1})
	}
	u.Rules[id] = list
	return true
}

func hexDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
