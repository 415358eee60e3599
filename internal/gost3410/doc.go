// Package gost3410 implements the signatures of GOST R 34.10-2012 (in
// Kazakhstan GOST R 34.10-2015 and GOST 34.310-2004) on the three curves of
// the national PKI.
package gost3410
