package pkcs12

// Info is what a store shows without its password.
type Info struct {
	// Integrity is the MAC; Name is empty when there is none.
	Integrity Method
	// Encryption lists the encryption of contents and keys in the order of the
	// file. Keys inside encrypted contents do not show.
	Encryption []Method
	// Keys counts the private keys that show.
	Keys int
	// Certificates counts the certificates that show.
	Certificates int
}

// Method is an algorithm and its count of iterations.
type Method struct {
	Name       string
	Iterations int
}

// Inspect reads what a store shows without its password, within the same
// bounds as [Open] and with the same errors. No error means that the data is a
// key store that Open would ask the password of.
func Inspect(data []byte) (Info, error) {
	p, err := parse(data, &budget{defaults})
	if err != nil {
		return Info{}, err
	}
	return p.info(), nil
}

func (p *pfx) info() Info {
	var info Info
	if p.mac != nil {
		info.Integrity = Method{p.mac.Name(), p.mac.iterations()}
	}
	for _, s := range p.safes {
		if s.protection != nil {
			info.Encryption = append(info.Encryption, Method{s.protection.Name(), s.protection.rounds})
		}
		for _, item := range s.bags {
			if item.certificate != nil {
				info.Certificates++
				continue
			}
			info.Keys++
			if item.protection != nil {
				info.Encryption = append(info.Encryption, Method{item.protection.Name(), item.protection.rounds})
			}
		}
	}
	return info
}
