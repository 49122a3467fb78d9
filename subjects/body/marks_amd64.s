#include "textflag.h"

// Constants, each 32 times.
#define CONST(name, word) \
	DATA name<>+0(SB)/8, $word \
	DATA name<>+8(SB)/8, $word \
	DATA name<>+16(SB)/8, $word \
	DATA name<>+24(SB)/8, $word \
	GLOBL name<>(SB), RODATA|NOPTR, $32

CONST(toDigit, 0x4646464646464646)
CONST(belowDigit, 0x7575757575757575)
CONST(lower, 0x2020202020202020)
CONST(toLetter, 0x0505050505050505)
CONST(belowLetter, 0x6565656565656565)
CONST(percent, 0x2525252525252525)
CONST(ampersand, 0x2626262626262626)
CONST(equals, 0x3d3d3d3d3d3d3d3d)
CONST(backslash, 0x5c5c5c5c5c5c5c5c)
CONST(underscore, 0x5f5f5f5f5f5f5f5f)
CONST(openBracket, 0x2828282828282828)
CONST(closeBracket, 0x2929292929292929)

// HALF looks at 32 bytes: where a stop is goes to R8, a digit to R9, an @ to R10, a sign
// of escapes or a byte above ASCII to R11, what a phone may have to R12, what an address
// may have to R13.
#define HALF(off) \
	VMOVDQU off(SI), Y0 \
	VPCMPEQB Y8, Y0, Y1 \
	VPCMPEQB Y9, Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPCMPEQB Y10, Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPMOVMSKB Y1, R8 \
	VPADDB toDigit<>(SB), Y0, Y3 \
	VPCMPGTB Y15, Y3, Y3 \
	VPMOVMSKB Y3, R9 \
	VPCMPEQB Y11, Y0, Y4 \
	VPMOVMSKB Y4, R10 \
	VPCMPEQB percent<>(SB), Y0, Y1 \
	VPCMPEQB ampersand<>(SB), Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPCMPEQB equals<>(SB), Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPCMPEQB backslash<>(SB), Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPOR Y0, Y1, Y1 \
	VPMOVMSKB Y1, R11 \
	VPCMPEQB Y12, Y0, Y1 \
	VPCMPEQB Y13, Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPCMPEQB Y14, Y0, Y2 \
	VPOR Y1, Y2, Y5 \
	VPOR Y3, Y5, Y5 \
	VPCMPEQB lower<>(SB), Y0, Y1 \
	VPCMPEQB openBracket<>(SB), Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPCMPEQB closeBracket<>(SB), Y0, Y2 \
	VPOR Y1, Y2, Y1 \
	VPOR Y1, Y5, Y1 \
	VPMOVMSKB Y1, R12 \
	VPOR lower<>(SB), Y0, Y6 \
	VPADDB toLetter<>(SB), Y6, Y6 \
	VPCMPGTB Y7, Y6, Y6 \
	VPOR Y6, Y5, Y5 \
	VPOR Y4, Y5, Y5 \
	VPCMPEQB underscore<>(SB), Y0, Y1 \
	VPOR Y1, Y5, Y5 \
	VPMOVMSKB Y5, R13

// func classify256(dst *marked, src *byte, blocks int, stops uint32)
TEXT ·classify256(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVL stops+24(FP), AX
	MOVQ AX, X8
	VPBROADCASTB X8, Y8
	SHRL $8, AX
	MOVQ AX, X9
	VPBROADCASTB X9, Y9
	SHRL $8, AX
	MOVQ AX, X10
	VPBROADCASTB X10, Y10
	MOVL $0x40, AX
	MOVQ AX, X11
	VPBROADCASTB X11, Y11
	MOVL $0x2b, AX
	MOVQ AX, X12
	VPBROADCASTB X12, Y12
	MOVL $0x2d, AX
	MOVQ AX, X13
	VPBROADCASTB X13, Y13
	MOVL $0x2e, AX
	MOVQ AX, X14
	VPBROADCASTB X14, Y14
	VMOVDQU belowDigit<>(SB), Y15
	VMOVDQU belowLetter<>(SB), Y7

loop:
	TESTQ CX, CX
	JZ done
	HALF(0)
	MOVL R8, 0(DI)
	MOVL R9, 8(DI)
	MOVL R10, 16(DI)
	MOVL R11, 24(DI)
	MOVL R12, 32(DI)
	MOVL R13, 40(DI)
	HALF(32)
	MOVL R8, 4(DI)
	MOVL R9, 12(DI)
	MOVL R10, 20(DI)
	MOVL R11, 28(DI)
	MOVL R12, 36(DI)
	MOVL R13, 44(DI)
	ADDQ $64, SI
	ADDQ $48, DI
	DECQ CX
	JMP loop

done:
	VZEROUPPER
	RET
