/** The version of this program, from the package file; the executable carries it inside. */
import manifest from '../package.json' with { type: 'json' }

export const VERSION: string = manifest.version

/** On every answer, so that `doctor` can tell our own from a proxy's. */
export const SERVER_HEADER = { server: 'latchkey' } as const
