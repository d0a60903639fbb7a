/**
 * Builds the scripts and styles of the dashboard from the sources beside this file. In the executable, where
 * there are no sources, this module is replaced by what it made (`src/build.ts`).
 */
import { join } from 'node:path'

/** A file as browsers get it; its name changes with its contents, so that it can be kept for ever. */
export interface BuiltFile {
  readonly name: string
  readonly type: 'text/javascript' | 'text/css'
  readonly text: string
}

/** Scripts and styles by the name that pages know them under, such as `main.css`. */
export type Bundle = Readonly<Record<string, BuiltFile>>

/** Each is loaded by the pages that need it; what they share is in `main`. */
const ENTRIES = ['client/main.ts', 'client/live.ts', 'client/charts.ts', 'styles/main.css']

/** @throws when a source is wrong, which is a bug of ours */
export async function bundle(): Promise<Bundle> {
  const { outputs } = await Bun.build({
    entrypoints: ENTRIES.map((entry) => join(import.meta.dir, entry)),
    target: 'browser',
    format: 'esm',
    minify: true,
    sourcemap: 'none',
    naming: '[name]-[hash].[ext]',
  })
  const files = await Promise.all(outputs.map(builtFile))
  return Object.fromEntries(files)
}

async function builtFile(output: Bun.BuildArtifact): Promise<[string, BuiltFile]> {
  const name = output.path.replace(/^.*[/\\]/, '')
  const isStyle = name.endsWith('.css')
  const known = name.replace(/-[^-.]+(\.[a-z]+)$/, '$1')
  return [
    known,
    { name, type: isStyle ? 'text/css' : 'text/javascript', text: await output.text() },
  ]
}
