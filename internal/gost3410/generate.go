package gost3410

//go:generate go run ./gen
