/** The tone of a notice or badge: neutral, success, warning, or error. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad'
