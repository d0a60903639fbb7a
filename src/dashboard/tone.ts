/** How a notice or a badge looks: what it says is usual, good, to be minded, or bad. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad'
