/** The version of this program, from the package file; the executable carries it inside. */
import manifest from '../package.json' with { type: 'json' }

export const VERSION: string = manifest.version
