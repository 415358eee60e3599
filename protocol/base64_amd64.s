//go:build !purego

#include "textflag.h"

// Base64 with AVX2 after Muła and Lemire, "Faster Base64 Encoding and Decoding
// Using AVX2 Instructions" (2018). In the names of instructions below Go's order
// of operands holds: the last one is the result.

// Classes of characters by their low and by their high half: a character is of
// the alphabet when the two have no bit in common.
DATA classLow<>+0(SB)/8, $0x1111111111111115
DATA classLow<>+8(SB)/8, $0x1A1B1B1B1A131111
GLOBL classLow<>(SB), RODATA|NOPTR, $16
DATA classHigh<>+0(SB)/8, $0x0804080402011010
DATA classHigh<>+8(SB)/8, $0x1010101010101010
GLOBL classHigh<>(SB), RODATA|NOPTR, $16

// What is to be added to a character, by its high half; that of '/' stands one
// place before its neighbours'.
DATA roll<>+0(SB)/8, $0xB9B9BFBF04131000
DATA roll<>+8(SB)/8, $0
GLOBL roll<>(SB), RODATA|NOPTR, $16
DATA slash<>+0(SB)/8, $0x2F2F2F2F2F2F2F2F
GLOBL slash<>(SB), RODATA|NOPTR, $8

// Four times six bits become three octets.
DATA join12<>+0(SB)/8, $0x0140014001400140
GLOBL join12<>(SB), RODATA|NOPTR, $8
DATA join24<>+0(SB)/8, $0x0001100000011000
GLOBL join24<>(SB), RODATA|NOPTR, $8
DATA pack<>+0(SB)/8, $0x090A040506000102
DATA pack<>+8(SB)/8, $0xFFFFFFFF0C0D0E08
GLOBL pack<>(SB), RODATA|NOPTR, $16
DATA halves<>+0(SB)/8, $0x0000000100000000
DATA halves<>+8(SB)/8, $0x0000000400000002
DATA halves<>+16(SB)/8, $0x0000000600000005
DATA halves<>+24(SB)/8, $0x0000000700000003
GLOBL halves<>(SB), RODATA|NOPTR, $32

// func decodeAVX2(dst, src *byte, n int) int
TEXT ·decodeAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ SI, DX
	VBROADCASTI128 classLow<>(SB), Y8
	VBROADCASTI128 classHigh<>(SB), Y9
	VBROADCASTI128 roll<>(SB), Y10
	VPBROADCASTQ slash<>(SB), Y11
	VPBROADCASTQ join12<>(SB), Y12
	VPBROADCASTQ join24<>(SB), Y13
	VBROADCASTI128 pack<>(SB), Y14
	VMOVDQU halves<>(SB), Y15

decode:
	CMPQ CX, $32
	JB decoded
	VMOVDQU (SI), Y0
	VPSRLD $4, Y0, Y1
	VPAND Y0, Y11, Y2
	VPAND Y1, Y11, Y1
	VPSHUFB Y2, Y8, Y2
	VPSHUFB Y1, Y9, Y3
	VPTEST Y2, Y3
	JNZ decoded
	VPCMPEQB Y0, Y11, Y4
	VPADDB Y1, Y4, Y4
	VPSHUFB Y4, Y10, Y4
	VPADDB Y0, Y4, Y0
	VPMADDUBSW Y12, Y0, Y0
	VPMADDWD Y13, Y0, Y0
	VPSHUFB Y14, Y0, Y0
	VPERMD Y0, Y15, Y0
	VMOVDQU Y0, (DI)
	ADDQ $32, SI
	ADDQ $24, DI
	SUBQ $32, CX
	JMP decode

decoded:
	SUBQ DX, SI
	MOVQ SI, ret+24(FP)
	VZEROUPPER
	RET

// Three octets, spread so that each of four times six bits lies in one multiply.
DATA spread<>+0(SB)/8, $0x0405030401020001
DATA spread<>+8(SB)/8, $0x0A0B090A07080607
GLOBL spread<>(SB), RODATA|NOPTR, $16
DATA even<>+0(SB)/8, $0x0FC0FC000FC0FC00
GLOBL even<>(SB), RODATA|NOPTR, $8
DATA evenShift<>+0(SB)/8, $0x0400004004000040
GLOBL evenShift<>(SB), RODATA|NOPTR, $8
DATA odd<>+0(SB)/8, $0x003F03F0003F03F0
GLOBL odd<>(SB), RODATA|NOPTR, $8
DATA oddShift<>+0(SB)/8, $0x0100001001000010
GLOBL oddShift<>(SB), RODATA|NOPTR, $8
DATA letters<>+0(SB)/8, $0x1A1A1A1A1A1A1A1A
GLOBL letters<>(SB), RODATA|NOPTR, $8
DATA last51<>+0(SB)/8, $0x3333333333333333
GLOBL last51<>(SB), RODATA|NOPTR, $8
DATA thirteen<>+0(SB)/8, $0x0D0D0D0D0D0D0D0D
GLOBL thirteen<>(SB), RODATA|NOPTR, $8
DATA shift<>+0(SB)/8, $0xFCFCFCFCFCFCFC47
DATA shift<>+8(SB)/8, $0x000041F0EDFCFCFC
GLOBL shift<>(SB), RODATA|NOPTR, $16

#define CONSTANTS \
	VBROADCASTI128 spread<>(SB), Y7      \
	VPBROADCASTQ   even<>(SB), Y8        \
	VPBROADCASTQ   evenShift<>(SB), Y9   \
	VPBROADCASTQ   odd<>(SB), Y10        \
	VPBROADCASTQ   oddShift<>(SB), Y11   \
	VPBROADCASTQ   letters<>(SB), Y12    \
	VPBROADCASTQ   last51<>(SB), Y13     \
	VPBROADCASTQ   thirteen<>(SB), Y14   \
	VBROADCASTI128 shift<>(SB), Y15

// ENCODE makes 32 characters of 24 octets at SI+off; it reads 28.
#define ENCODE(off, to) \
	VMOVDQU     off(SI), X0              \
	VINSERTI128 $1, off+12(SI), Y0, Y0   \
	VPSHUFB     Y7, Y0, Y0               \
	VPAND       Y0, Y8, Y1               \
	VPMULHUW    Y9, Y1, Y1               \
	VPAND       Y0, Y10, Y2              \
	VPMULLW     Y11, Y2, Y2              \
	VPOR        Y1, Y2, Y1               \
	VPSUBUSB    Y13, Y1, Y2              \
	VPCMPGTB    Y1, Y12, Y3              \
	VPAND       Y14, Y3, Y3              \
	VPOR        Y2, Y3, Y2               \
	VPSHUFB     Y2, Y15, Y2              \
	VPADDB      Y1, Y2, Y1               \
	VMOVDQU     Y1, to(DI)

// func encodeAVX2(dst, src *byte, units int)
TEXT ·encodeAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ units+16(FP), CX
	CONSTANTS

encode:
	ENCODE(0, 0)
	ADDQ $24, SI
	ADDQ $32, DI
	DECQ CX
	JNZ encode
	VZEROUPPER
	RET

// func encodeLinesAVX2(dst, src *byte, lines int)
TEXT ·encodeLinesAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ lines+16(FP), CX
	CONSTANTS

lines:
	ENCODE(0, 0)
	ENCODE(24, 32)
	MOVW $0x6E5C, 64(DI)
	ADDQ $48, SI
	ADDQ $66, DI
	DECQ CX
	JNZ lines
	VZEROUPPER
	RET
