package doctor

// JudgeVersion lets tests choose version and day.
var JudgeVersion = judgeVersion

// Opens lets tests hold verifiers to the server's own.
var Opens = opens
