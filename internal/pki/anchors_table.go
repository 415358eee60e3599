package pki

// anchorTable holds facts taken from certificates, not the certificates. Each
// row says which. Where a fact is missing nobody outside the authority has
// published it in a form that could be checked; it is left empty, not guessed.
var anchorTable = []anchorFacts{
	{
		name: "Root GOST 2015", production: true,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)", false}, {OIDOrganization, "РМК «МЕМЛЕКЕТТІК ТЕХНИКАЛЫҚ ҚЫЗМЕТ»", false}, {OIDCountry, "KZ", false}},
		spki: `
			MGwwJQYJKoMOAwoBAQEBMBgGCiqDDgMKAQEBAQEGCiqDDgMKAQMBAQADQwAEQJZ1QHWELj/UPjOlbzIrcGztXU/2J8qpVJzs
			zaftrLY2Q8llV7qZYnUy3N3Bq6vWDy8FOz0KWR2yNE82+7WtthA=`,
		keyID: "561e7a76d760190e6ef8a096715076552413af2e",
		from:  "2015-07-27T05:20:49Z", to: "2025-07-27T05:20:49Z",
		sha256: "9ab210e54e6b0343321131202d9edcc2598f598cfdd9ee4ec1056021ab2e9759",
		source: "certificate published by the authority",
	},
	{
		name: "Root RSA 2015", production: true,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", false}, {OIDOrganization, "РМК «МЕМЛЕКЕТТІК ТЕХНИКАЛЫҚ ҚЫЗМЕТ»", false}, {OIDCountry, "KZ", false}},
		spki: `
			MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAlqLdP8Z8G8sr5fWi+lp8r2fqRe2NLsiuHntkNTqu11bnY7h+q5Ll
			AbTVJiPfFRchqegg64shKdqNy+9rPW3Swq2hwAQQ2HrAwoTaeKPgh3tusVxhRAyEmq2vVwGWmuiciuDUSr45hMYMEGb8Swoc
			FdW17gx6b+MYivcQ4UQv+Jgmt1r00tyBd5qcavUISM/xmYqNfj+oxYCpuHto+DSYmkD1LCgObSe8JJ2BMYH1ShF7GoLprvnE
			h1BhxhYQj9zHqnlgee3j96IeAT+nfB0mOgK06pzMqXUAwJ0ip1F5zSzDhRfE/6Y9GLI5O3mPNeU1LMH70DTPoPHwFg4+Cvo9
			UGkuYO5ZQBsEPZIAXalW8f11u5O5wA5wQPv/v9Q1NCfjMsu3UiGG7pNemOkOatzIn22aP4ys8Zfrq+UfgDuRsQcevwmSEnhc
			yQ9CbZv1T28wTHU8WhF3vwB/f93Z2rJorvJuHuJFk/aBPckeQW3eDxgks3L1dZM2nIIeYrUkE3oey223eVQQa/YWAfOF8svV
			t2HbtQPjhGGj6858xvTYi4FErZA2P5nojgJ7jSdSMWiu8dLt/KjNHTDEIPaYCKvt0qtgS36gV0QCbXGyrSTNIXrXhCeX71SY
			vJbjPMYmSH94tY6KERSpSd5ixVaVYKbZVbyww8ZTD1PBeL42esSCaZsCAwEAAQ==`,
		keyID: "d4a51869ef8b3f15fdeaadbd47e094816b066a3b",
		from:  "2015-07-27T05:22:53Z", to: "2025-07-27T05:22:53Z",
		sha256: "a7064abc5699827f370c67b09f1a1bfd7ad5e1514d471223df209c08300ea972",
		source: "certificate published by the authority",
	},
	{
		name: "NCA GOST 2018", production: true,
		subject: []Attribute{{OIDCountry, "KZ", false}, {OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)", false}},
		spki: `
			MGwwJQYJKoMOAwoBAQEBMBgGCiqDDgMKAQEBAQEGCiqDDgMKAQMBAQADQwAEQPdOdYZd9S71YmVe0u67aMN7elrsJOKt9z+X
			RNdPETr06Oy8nW/RZCyZoCDEAz/Z4K1uchBMSRPMkyqSwBzvfFg=`,
		keyID: "5b6a73e9",
		from:  "2018-08-08T04:55:58Z", to: "2025-06-25T04:55:58Z",
		sha256: "908521d0531e5645e64b34d3588374a3a83582c860e5f7293a04c41217e8cc18",
		url:    "http://pki.gov.kz/cert/nca_gost.crt",
		source: "certificate published by the authority",
	},
	{
		name: "NCA RSA 2018", production: true,
		subject: []Attribute{{OIDCountry, "KZ", false}, {OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", false}},
		spki: `
			MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEArlvMc9X0xktVYz/TmbbFKzkNnX5ZDqRN748xjaE5v/nbv56n0h2+
			UDG3NCW9uvpDojwmD0Vg5YVB11ASoyh6KmxpPy9vsXnr1UingzcEuz3X4vXElWFGGiWCidauN32fc3TqkS+CJc4PYHGVak8i
			fFU29MtEi4OOw7rko57Jl4HMuc+FRoQsb1Nw+e9m312i5xoLzxxpL1EVE1EObTfJ+4H4skT7me5f6zJwxUuQAojQAe7ghx2X
			oOKSo/aX8wHcFJydDsLPNMIqfmm6rpHTpW45X0QuEJpvwlIXa/Ovh5C4cActfPrX8s3ba8Ug0YwZvwuxLhKQIDP/fSxidMKw
			OVwAyJCLYV30dtwEwcSVfBCyg3/k5aWofgK2ZHnm6Z4+9sLAJGZkXXabrokr8nr0IOPnlioQMuGqYif4GFUy/VlWlanLcOSv
			i2sfdqDJeQ4XSOP1tazhifmBITKNwtZFv1e95i0OIH0mkGftZEax3BJ3Oi2Gk3xVxP0s5ImHgkrLztYiT2QuDC5MqyZ7NX0Q
			4k9dEYEBqbEAYvE1M8V7QCvqM+pBfS0MmMasgGrQsb22kYJ6MS4qQVK6IvOJT/IKqOUNT5HzFRYwqygzpHQQvHlkt8PGVcwK
			9m1F6WwbKecv2S2NuR+WQPI2aU2Qf3hL6Ooi0C4wH4noFbkf34+qXVUCAwEAAQ==`,
		keyID: "5b6a7411",
		from:  "2018-08-08T04:26:36Z", to: "2025-06-25T04:26:36Z",
		sha256: "34d1b311a9873191ae3382805df51e0a5da23315c512a8deeb885668ceeb5834",
		url:    "http://pki.gov.kz/cert/nca_rsa.crt",
		source: "certificate published by the authority",
	},
	{
		name: "NCA RSA 2015", production: true,
		subject: []Attribute{{OIDCountry, "KZ", false}, {OIDLocality, "АСТАНА", false}, {OIDState, "АСТАНА", false}, {OIDOrganization, "РМК «МЕМЛЕКЕТТІК ТЕХНИКАЛЫҚ ҚЫЗМЕТ»", false}, {OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)", false}},
		spki: `
			MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA7XBx+As8wT6T09wwA8iaaKIWJnmjS0NT7Gs0YMwACvZxQY4gMZun
			xbLLwd8cYIdBRCJcxSQRUe/PYC8SxwDlTXn/1KvV0Q0th+r3YkpfId9bKHaUquNn/KG7Koo5X88QaV1bGU93pLXvWIG5rvXS
			R/Keg/Dzret99JjWHwLcyg8/YljRyOpxYIiuI0LR7ixXtQ62FX7PDUoEwpxBjzJez/U97ahZjHUh8pkN90PyY4Oj5PoMe/5+
			8/MKdEjk99xYmTFfRCOlT1MQbTkicV2AAool5TDjqNSQbNkQSC7h4EiDVwMt7XmILD6wgnXq6VrluDNHjOmDddvcAoXmDk09
			Df2Q7iOg+gWCWoSKuNn2Iy0vT2Rjpi74bnGbDDo/pVZ1QA63Dgx4pdSH5vc0DlzzrhPYwaXRZ6UrdixHEbOHGP4ejqxXtOhU
			sVdfj19UBPP3Gx0veH6qroOuIRrO1wEFUekfcziAEYwR5R1lkTyATZ7Acn+bJpDomnDSct/qUtmOGjNV2vJQLM04V35Nbf2j
			tk/Rrzy0LNjE4n129ZCjAMZCZMA0PkKoXkzCZcrPQ7tdG/hq9YnQCddqvAYxj3lTWlOD+XfEriaAPIkvjLbGRHeKhm4h5kDp
			NkRQjKPidI4edpP00bXm3JXtLWqr0ZFEdVPBjYIarMZM5aeJ9yStGKsCAwEAAQ==`,
		keyID: "55b5b4e2",
		from:  "2015-07-27T04:47:00Z", to: "2020-07-27T04:47:00Z",
		sha256: "aef2f2907554f12292cb3456d5110062e3581d0a05c0f03540f870f25d5b816c",
		source: "certificate in the signature of the original program's installer",
	},
	{
		name: "NCA GOST 2022", production: true,
		subject: []Attribute{{OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) 2022", false}, {OIDCountry, "KZ", false}},
		spki: `
			MIGsMCMGCSqDDgMKAQECAjAWBgoqgw4DCgEBAgIBBggqgw4DCgEDAwOBhAAEgYBeE6GnKkrTNVbvGNw24qo0AIdrE+xy6lTJ
			6iYuyPnX7NL65USLzXAGvEpkT+vYpR/SUv6hpWfAihjdawzAnfQiimfzO2MPkxq+boeUkU/p2c9uvAXiLq8QfLcXlS9EEVDe
			CyvJWfLjPf/W2xd3ir/s24rC7rXHuf89k1ylMCZnng==`,
		keyID:  "fe30be9fc890633f1fff5a3c0cb0c85f4c6d1708",
		url:    "http://pki.gov.kz/cert/nca_gost_2022.cer",
		source: "public key computed from the signatures of two certificates it issued, the only one both have in common; its SHA-1 equals the authority key identifier of both. The certificate itself was not seen, so its period is not known.",
	},
	{
		name: "NCA RSA 2022", production: true,
		subject: []Attribute{{OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA) 2022", false}, {OIDCountry, "KZ", false}},
		keyID:   "dcae24d749b26480d2de37233c3ea4515db55ac7",
		url:     "http://pki.gov.kz/cert/nca_rsa_2022.cer",
		source:  "authority key identifier in the certificate of the time-stamping service of 2025",
	},
	{
		name: "Root GOST 2022", production: true,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) 2022", false}, {OIDCountry, "KZ", false}},
		url:     "http://pki.gov.kz/cert/root_gost_2022.cer",
		source:  "issuer of NCA GOST 2022, by name only",
	},
	{
		name: "Test root GOST 2022", production: false,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST 2022", false}, {OIDCountry, "KZ", false}},
		spki: `
			MIGsMCMGCSqDDgMKAQECAjAWBgoqgw4DCgEBAgIBBggqgw4DCgEDAwOBhAAEgYBO/oeynu5+KcPrVn7WZyJoK8zMfjYmafDd
			bMFSwCRBvtVZISzwxWZ863Gd2G2qEuKeLqNARJoH/0uOTGcbb6jk/KYp4qHgxqDEGlkz1uknkIQd1+Xhl6CNnw0cvlxzIiyk
			c2ANgY/No7dXEC5Xn9zGyQ6Pn5P5azRwTupv7g6JVw==`,
		keyID: "a7d3ab7790372e5b698170dde60ccca38bc3a4b2",
		from:  "2022-07-07T09:05:52Z", to: "2032-07-07T09:05:52Z",
		sha256: "b995e79e7c07429f8f79e185451e5599ce342ac720000f01b3854fdfa03031a6",
		url:    "http://test.pki.gov.kz/cert/root_test_gost_2022.cer",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test NCA GOST 2022", production: false,
		subject: []Attribute{{OIDCommonName, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST 2022", false}, {OIDCountry, "KZ", false}},
		spki: `
			MIGsMCMGCSqDDgMKAQECAjAWBgoqgw4DCgEBAgIBBggqgw4DCgEDAwOBhAAEgYC4On38SP7MTy2g4d4S7CvH/T+zzBY3Oeld
			tRfkgxSjZFEYElxvd2J5j1Lir+jaj/H5RxkxVfoKRojOKd1z0W3RN7INIUPEmqB10doeoaHzNzsnIABSRyARw7KzOTHKn4JL
			lVYJz/xZ1JM5hBt/7AtGfXO1Mdu1LJ7nX3lb1RAYaw==`,
		keyID: "fad24b1ba3a0c961fe1ca8503e6aa2bb450db8a3",
		from:  "2022-07-07T09:55:23Z", to: "2032-07-04T09:55:23Z",
		sha256: "beeffc0bdb77cd798c35983eb0715f6ef0051cccb71d7cd05505e8a4fb2c6f4d",
		url:    "http://test.pki.gov.kz/cert/nca_gost2022_test.cer",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test root GOST 3.0", production: false,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КО TEST (GOST)", false}, {OIDCountry, "KZ", false}},
		spki: `
			MGwwJQYJKoMOAwoBAQEBMBgGCiqDDgMKAQEBAQEGCiqDDgMKAQMBAQADQwAEQKL0ytYV8oU03puDPjudzoMH8FekSr8xkLTJ
			Wu/By3Gev/51U0kG+f1M/bVwWv1YOBI4otLXngm3S2uoeHr5jGE=`,
		keyID: "02c7e4fa323a30dcfd902cd9761e232e28fd6680",
		from:  "2018-07-05T05:22:12Z", to: "2038-06-30T05:22:12Z",
		sha256: "06021684f52054692a1859686d5af527eda779e6183c2f3cd4fc1278e4067beb",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test root RSA 3.0", production: false,
		subject: []Attribute{{OIDCommonName, "НЕГІЗГІ КО TEST (RSA)", false}, {OIDCountry, "KZ", false}},
		spki: `
			MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAzIFj0OqZAMQMSBqPRCyx2QdVt602I/qIgoH0+IYDGoEUL1uA2H8S
			iPLqQ9q5+iR4q/fqDwDlECjclof3sicU1Pu0KlhAOl1uiWn+RrjJ65ja/Q8rmuSFTvCPPajMRiABqMYGBiKHJ+8t8Jk813fL
			MIJTL0WbFFVc6EeJ2Po7tweQAJygaONSzNdIiNA8N7gRf2fpMg9Gw5hAkWdDxsulVBtvPe6uAqBnQSox1AHSwJUS/D/HSww4
			SUdewk2dbxHQ3vo+wdH8OLyxvsEf/69fAm8oXPV7qB6O0/7bHxJempapoImulgmbb1kNEOS2pfyyCafIWl0pvmVbsFLlGehh
			0iBsUbbjTueIDk/fsM5w4QGQg+QFGjWtpOIh0JgCn3CLSsOth/JIX31uy50miSpoEn+1YH0/Y/un2KGuS8DtS1NRYpmJv94d
			LTaB5dmd4DA9uJ3Ko6fenFuSN/RZNRGafea57a7hpFuW7Msuxr/KsiDi9sdd2AZzYDBBFdjkLCXAdad0GmcX3MZ4UBOeHmfx
			ahkV2v7JXbiMrIcpq6W9btoZBbKTRCXk93On0Chv/HhJ8Klvvz9fwBKyvFdmEJPmjsgaiD88WDF5ow49IMCAoQm+vh00PYVX
			SrajghoRFsImzBnTfHhRxT+B/jOzaqaUj2YYUIGebxVMg45P4DvHx7ECAwEAAQ==`,
		keyID: "d3c77dffaca2f50ec163195baffe727757b23ce2",
		from:  "2018-07-05T05:16:05Z", to: "2038-06-30T05:16:05Z",
		sha256: "4d05179bcb02180bfc37618372671357df7dd8b7865973eae77b83213cae717b",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test NCA GOST 3.0", production: false,
		subject: []Attribute{{OIDCountry, "KZ", false}, {OIDCommonName, "ҰКО 3.0 (GOST TEST)", false}},
		spki: `
			MGwwJQYJKoMOAwoBAQEBMBgGCiqDDgMKAQEBAQEGCiqDDgMKAQMBAQADQwAEQHX4IRAigAJJv0K6P+kgw2bdnSKcxEoyQGN5
			TCyJ91pHBalTp09B8MYWHq4bQRE+RjizPQUFSOGR2GZVAA7JOvQ=`,
		keyID: "07bed21c60084456b02715e857374347bbd75450",
		from:  "2019-03-14T11:34:07Z", to: "2024-03-12T11:34:07Z",
		sha256: "0307e8bdf77cb708b7c9d9a5799facdc6de7154447cb394af9ac9b528c3d82c7",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test NCA RSA 3.0", production: false,
		subject: []Attribute{{OIDCountry, "KZ", false}, {OIDCommonName, "ҰКО 3.0 (RSA TEST)", false}},
		spki: `
			MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA1Nv1RB32gPCJs9nCZ/qoquLwqjTXCoAqONpi09mpayI/Ho9+DvmO
			/htXck3n31WEIxow4C6bVqL4E0dT3ZnMibBcdnS2yLZzjhAM/QEus090VHLYIrvThgpUuiM5vS7hOdd+CW41H9XlKgeWeMy8
			xNIKq7tHs6GY9bkglOKBb0MBia/I3eh7N6hrMaXRgJSyN8F7ozRlfkRF4DA4BSJ7dR5Lv+T6UoL0RNFF2kMOLedCvkode2IW
			QcW7NtjYOA78HpGvwGq+wEBB33/Pk6od8Okz+GljwiEbYqcY2lHOZBletxMPfU/RZZaSrXl78FEBxNa0wiPKvzD6v+tCAJm7
			yaQhTd45C1IxVQzMh/gZV0OEW9E40lDr8BtmYdeiPYTlYmAIAJmd2IHOCKzv1h2FUGXP+O5dwBiHcUImT2YrfC2Hikbm4Ejb
			ZUz4MBLaIiTwQOcQjgvHeIYXpCIii+lV1HoETpJA9rJsko0w3XK5yvXCHQf/4HTvUS4DcKJYvjhwrkbsDAFp7sDUEimbkMl6
			zpwzv0K8JZo2R5G5jm9KiIraRQ1+4vLa4K+/2jMqkA/zFP64yuCjFuLc6Fktn472iTWCBRXQ6gitBzxrYocg+eRkvV43lmm8
			tHg6jPTlB758Ec+04j/V89kR5QHrXVjuWt8bBrKwgr/deBWp6KfW5JcCAwEAAQ==`,
		keyID: "a68c16337cb8e83567063e5e415755a2af345068",
		from:  "2019-03-15T03:42:17Z", to: "2024-03-13T03:42:17Z",
		sha256: "7e96a36409dc11e0fc99efae41f8c639e16a495d77c2f2278edb98580f997231",
		source: "certificate published with the authority's test kit",
	},
	{
		name: "Test NCA GOST 3.0 2023", production: false,
		subject: []Attribute{{OIDCommonName, "ҰҚО 3.0 (GOST TEST)", false}, {OIDCountry, "KZ", false}},
		spki: `
			MGwwJQYJKoMOAwoBAQEBMBgGCiqDDgMKAQEBAQEGCiqDDgMKAQMBAQADQwAEQL8Zz81Em3IplkaRycEgRZZCG5lNYWfaUN2g
			2gRwGsx+cWU0mR35F1gziuxSxCgcrqAOJokY/Ldh1Wa7Y4Y7sEk=`,
		keyID:  "fed076bcc562b7a0c653e383f59b0cff9844d21c",
		source: "public key computed in the same way from the certificates of a time-stamping service and of a person, both of 2023",
	},
	{
		name: "Test NCA RSA 3.0 2023", production: false,
		subject: []Attribute{{OIDCommonName, "ҰҚО 3.0 (RSA TEST)", false}, {OIDCountry, "KZ", false}},
		keyID:   "0bc7edcf68963a4947c5bff1f7e7b8edc2ed3820",
		source:  "authority key identifier in three published test certificates of 2023",
	},
}
