/** What an attachment does on its channel, as a set of bits. */

export const MODE = {
  presence: 1,
  publish: 2,
  subscribe: 4,
  presenceSubscribe: 8,
  annotationPublish: 32,
  annotationSubscribe: 64,
  objectSubscribe: 256,
  objectPublish: 512,
} as const

/** A sum of members of `MODE`. */
export type Modes = number

export function has(modes: Modes, mode: Modes): boolean {
  return (modes & mode) === mode
}
