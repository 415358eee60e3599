//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Streebog with AVX-512 (F, BW, VBMI) and GFNI. No data-dependent address or
// branch: the time depends on the length alone.
//
// A register holds a state of 64 octets, seen as 8 rows (the words) of 8
// octets. Everything is under the isomorphism `to` of vectorTable, so that
// LPS of §6 becomes
//
//	r[k][i] = Σ_j c[i][j] · π(a[j][k])      with · = VGF2P8MULB
//
// (row k, octet i). The transposition P is hardly ever carried out. Rather there
// are two forms of the multiplication, which take and leave the state in turns
// upright and transposed:
//
//	WORDS   upright → transposed: r[·][i] = Σ_t c[i][i⊕t] · a[i⊕t][·]
//	OCTETS  transposed → upright: r[k][i] = Σ_t c[i][i⊕t] · aT[k][i⊕t]
//
// In WORDS row i of the result sums over t the rows i⊕t of the operand:
// exchange the rows i and i⊕t and multiply by the vector with c[i][i⊕t] in row
// i ("near"). Half of the exchanges are saved by exchanging a sum of products
// ("far"; its matrix is exchanged too). OCTETS does the same to the octets
// within each row. Rounds with an odd number use OCTETS.

#define C(i) (vectorTable_constants+64*(i-1))(R8)

#define S0 Z0
#define S1 Z1
#define S2 Z2
#define S3 Z3
// Z4…Z11: words, Z12…Z19: octets
#define T0 Z26
#define T1 Z27
#define T2 Z28
#define T3 Z29
#define T4 Z30
#define T5 Z31

#define LOAD \
	LEAQ ·vectorTables(SB), R8; \
	VMOVDQU64 (vectorTable_substitution+0)(R8), S0; \
	VMOVDQU64 (vectorTable_substitution+64)(R8), S1; \
	VMOVDQU64 (vectorTable_substitution+128)(R8), S2; \
	VMOVDQU64 (vectorTable_substitution+192)(R8), S3; \
	VMOVDQU64 (vectorTable_wordsNear+0)(R8), Z4; \
	VMOVDQU64 (vectorTable_wordsNear+64)(R8), Z5; \
	VMOVDQU64 (vectorTable_wordsNear+128)(R8), Z6; \
	VMOVDQU64 (vectorTable_wordsNear+192)(R8), Z7; \
	VMOVDQU64 (vectorTable_wordsFar+0)(R8), Z8; \
	VMOVDQU64 (vectorTable_wordsFar+64)(R8), Z9; \
	VMOVDQU64 (vectorTable_wordsFar+128)(R8), Z10; \
	VMOVDQU64 (vectorTable_wordsFar+192)(R8), Z11; \
	VMOVDQU64 (vectorTable_octetsNear+0)(R8), Z12; \
	VMOVDQU64 (vectorTable_octetsNear+64)(R8), Z13; \
	VMOVDQU64 (vectorTable_octetsNear+128)(R8), Z14; \
	VMOVDQU64 (vectorTable_octetsNear+192)(R8), Z15; \
	VMOVDQU64 (vectorTable_octetsFar+0)(R8), Z16; \
	VMOVDQU64 (vectorTable_octetsFar+64)(R8), Z17; \
	VMOVDQU64 (vectorTable_octetsFar+128)(R8), Z18; \
	VMOVDQU64 (vectorTable_octetsFar+192)(R8), Z19

// a = π(a): look up bits 0–6 in both halves, choose by bit 7.
#define SUBSTITUTE(a) \
	VMOVDQA64 a, T0; \
	VPMOVB2M a, K1; \
	VPERMI2B S1, S0, T0; \
	VPERMI2B S3, S2, a; \
	VPBLENDMB a, T0, K1, a

// The matrix: a = Σ exchanged a · near ⊕ b; T3 is what is still to be added, so
// that the caller may add something else along with it. T0…T2 are the exchanged
// forms of a, T4 and T5 products.
#define WORDS(a, b) \
	VSHUFI64X2 $0xb1, a, a, T0; \
	VSHUFI64X2 $0x4e, a, a, T1; \
	VSHUFI64X2 $0x1b, a, a, T2; \
	VGF2P8MULB Z8, a, T3; \
	VGF2P8MULB Z9, T0, T4; \
	VGF2P8MULB Z10, T1, T5; \
	VPTERNLOGQ $0x96, T5, T4, T3; \
	VGF2P8MULB Z11, T2, T4; \
	VPXORQ T4, T3, T3; \
	VGF2P8MULB Z4, a, a; \
	VGF2P8MULB Z5, T0, T0; \
	VPTERNLOGQ $0x96, b, T0, a; \
	VGF2P8MULB Z6, T1, T1; \
	VGF2P8MULB Z7, T2, T2; \
	VPTERNLOGQ $0x96, T1, T2, a; \
	VPSHUFD $0x4e, T3, T3

#define OCTETS(a, b) \
	VPSHUFB (vectorTable_turns+0)(R8), a, T0; \
	VPSHUFB (vectorTable_turns+64)(R8), a, T1; \
	VPSHUFB (vectorTable_turns+128)(R8), a, T2; \
	VGF2P8MULB Z16, a, T3; \
	VGF2P8MULB Z17, T0, T4; \
	VGF2P8MULB Z18, T1, T5; \
	VPTERNLOGQ $0x96, T5, T4, T3; \
	VGF2P8MULB Z19, T2, T4; \
	VPXORQ T4, T3, T3; \
	VGF2P8MULB Z12, a, a; \
	VGF2P8MULB Z13, T0, T0; \
	VPTERNLOGQ $0x96, b, T0, a; \
	VGF2P8MULB Z14, T1, T1; \
	VGF2P8MULB Z15, T2, T2; \
	VPTERNLOGQ $0x96, T1, T2, a; \
	VPSHUFD $0xb1, T3, T3

// Adds to n and to the sum. In: k = h. Out: x = m transposed, k = h ⊕ N, hm = h ⊕ m.
#define BEGIN(s, p, step, x, k, hm) \
	VMOVDQU64 state_n(s), T0; \
	VGF2P8AFFINEQB.BCST $0, vectorTable_to(R8), T0, T0; \
	VMOVDQU64 (p), x; \
	VGF2P8AFFINEQB.BCST $0, vectorTable_to(R8), x, x; \
	VPXORQ k, x, hm; \
	VPXORQ T0, k, k; \
	VMOVDQU64 vectorTable_transpose(R8), T1; \
	VPERMB x, T1, x; \
	ADDQ step, state_n(s); \
	MOVQ 0(p), AX; \
	ADDQ AX, (state_sum+0)(s); \
	MOVQ 8(p), AX; \
	ADCQ AX, (state_sum+8)(s); \
	MOVQ 16(p), AX; \
	ADCQ AX, (state_sum+16)(s); \
	MOVQ 24(p), AX; \
	ADCQ AX, (state_sum+24)(s); \
	MOVQ 32(p), AX; \
	ADCQ AX, (state_sum+32)(s); \
	MOVQ 40(p), AX; \
	ADCQ AX, (state_sum+40)(s); \
	MOVQ 48(p), AX; \
	ADCQ AX, (state_sum+48)(s); \
	MOVQ 56(p), AX; \
	ADCQ AX, (state_sum+56)(s)

// From here on k = K(i) ⊕ C(i): the next key is made from that, and the text
// takes K(i) by adding both k and C(i). Key and text do not wait for each other
// within a round, and streams never do: the processor overlaps them.

// k = LPS(h ⊕ n) ⊕ C1, x = m ⊕ K1, both transposed.
#define FIRST(x, k) \
	SUBSTITUTE(k); \
	WORDS(k, C(1)); \
	VPXORQ T3, k, k; \
	VPTERNLOGQ $0x96, C(1), k, x

// One round: c is C(i+1).
#define ODD(x, k, c) \
	SUBSTITUTE(k); \
	OCTETS(k, c); \
	VPXORQ T3, k, k; \
	SUBSTITUTE(x); \
	OCTETS(x, k); \
	VPTERNLOGQ $0x96, c, T3, x

#define EVEN(x, k, c) \
	SUBSTITUTE(k); \
	WORDS(k, c); \
	VPXORQ T3, k, k; \
	SUBSTITUTE(x); \
	WORDS(x, k); \
	VPTERNLOGQ $0x96, c, T3, x

// h = LPS(x ⊕ K12) ⊕ LPS(K12 ⊕ C12) ⊕ h ⊕ m. The matrix is linear: once is
// enough for both.
#define LAST(x, k, hm) \
	SUBSTITUTE(k); \
	SUBSTITUTE(x); \
	VPXORQ k, x, k; \
	VMOVDQU64 vectorTable_transpose(R8), T1; \
	VPERMB k, T1, k; \
	OCTETS(k, hm); \
	VPXORQ T3, k, k

// func blocksVector(s *state, p *byte, n int, step uint64)
TEXT ·blocksVector(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ step+24(FP), DX
	LOAD
	VMOVDQU64 state_h(DI), Z21
	VGF2P8AFFINEQB.BCST $0, vectorTable_to(R8), Z21, Z21

loop:
	BEGIN(DI, SI, DX, Z20, Z21, Z22)
	FIRST(Z20, Z21)
	ODD(Z20, Z21, C(2))
	EVEN(Z20, Z21, C(3))
	ODD(Z20, Z21, C(4))
	EVEN(Z20, Z21, C(5))
	ODD(Z20, Z21, C(6))
	EVEN(Z20, Z21, C(7))
	ODD(Z20, Z21, C(8))
	EVEN(Z20, Z21, C(9))
	ODD(Z20, Z21, C(10))
	EVEN(Z20, Z21, C(11))
	ODD(Z20, Z21, C(12))
	LAST(Z20, Z21, Z22)
	ADDQ $64, SI
	DECQ CX
	JNZ loop

	VGF2P8AFFINEQB.BCST $0, vectorTable_from(R8), Z21, Z21
	VMOVDQU64 Z21, state_h(DI)
	VZEROUPPER
	RET

// func blocksVectorPair(s, t *state, p, q *byte, n int, stepS, stepT uint64)
TEXT ·blocksVectorPair(SB), NOSPLIT, $0-56
	MOVQ s+0(FP), DI
	MOVQ t+8(FP), R10
	MOVQ p+16(FP), SI
	MOVQ q+24(FP), R11
	MOVQ n+32(FP), CX
	MOVQ stepS+40(FP), DX
	MOVQ stepT+48(FP), R12
	LOAD
	VMOVDQU64 state_h(DI), Z21
	VGF2P8AFFINEQB.BCST $0, vectorTable_to(R8), Z21, Z21
	VMOVDQU64 state_h(R10), Z24
	VGF2P8AFFINEQB.BCST $0, vectorTable_to(R8), Z24, Z24

loop:
	BEGIN(DI, SI, DX, Z20, Z21, Z22)
	BEGIN(R10, R11, R12, Z23, Z24, Z25)
	FIRST(Z20, Z21)
	FIRST(Z23, Z24)
	ODD(Z20, Z21, C(2))
	ODD(Z23, Z24, C(2))
	EVEN(Z20, Z21, C(3))
	EVEN(Z23, Z24, C(3))
	ODD(Z20, Z21, C(4))
	ODD(Z23, Z24, C(4))
	EVEN(Z20, Z21, C(5))
	EVEN(Z23, Z24, C(5))
	ODD(Z20, Z21, C(6))
	ODD(Z23, Z24, C(6))
	EVEN(Z20, Z21, C(7))
	EVEN(Z23, Z24, C(7))
	ODD(Z20, Z21, C(8))
	ODD(Z23, Z24, C(8))
	EVEN(Z20, Z21, C(9))
	EVEN(Z23, Z24, C(9))
	ODD(Z20, Z21, C(10))
	ODD(Z23, Z24, C(10))
	EVEN(Z20, Z21, C(11))
	EVEN(Z23, Z24, C(11))
	ODD(Z20, Z21, C(12))
	ODD(Z23, Z24, C(12))
	LAST(Z20, Z21, Z22)
	LAST(Z23, Z24, Z25)
	ADDQ $64, SI
	ADDQ $64, R11
	DECQ CX
	JNZ loop

	VGF2P8AFFINEQB.BCST $0, vectorTable_from(R8), Z21, Z21
	VMOVDQU64 Z21, state_h(DI)
	VGF2P8AFFINEQB.BCST $0, vectorTable_from(R8), Z24, Z24
	VMOVDQU64 Z24, state_h(R10)
	VZEROUPPER
	RET
