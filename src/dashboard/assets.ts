/** Serves scripts and styles: built once, compressed once, kept by browsers for as long as they like. */
import { type Bundle, type BuiltFile, bundle } from './bundle.ts'

interface Served {
  readonly type: string
  readonly plain: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
}

export class Assets {
  readonly #names: Readonly<Record<string, string>>
  readonly #files: ReadonlyMap<string, Served>

  private constructor(built: Bundle) {
    this.#names = Object.fromEntries(
      Object.entries(built).map(([known, { name }]) => [known, name]),
    )
    this.#files = new Map(Object.values(built).map((file) => [file.name, served(file)]))
  }

  static async build(): Promise<Assets> {
    return new Assets(await bundle())
  }

  /** The file name of a script or style that pages call by a name such as `main.css`. */
  nameOf(known: string): string {
    const name = this.#names[known]
    if (name === undefined) throw new Error(`no such asset: ${known}`)
    return name
  }

  /** Undefined for a file that there is not, such as one of another version. */
  answer(name: string, acceptEncoding: string): Response | undefined {
    const file = this.#files.get(name)
    if (!file) return undefined
    const isPacked = /\bgzip\b/.test(acceptEncoding)
    return new Response(isPacked ? file.gzip : file.plain, {
      headers: {
        'content-type': `${file.type}; charset=utf-8`,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
        ...(isPacked && { 'content-encoding': 'gzip' }),
      },
    })
  }
}

function served({ type, text }: BuiltFile): Served {
  const plain = new TextEncoder().encode(text)
  return { type, plain, gzip: Bun.gzipSync(plain, { level: 9 }) }
}
