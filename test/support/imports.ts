/** What the source files import from each other, for tests of the structure. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const SOURCE = join(import.meta.dir, '../../src')
const transpilers = {
  ts: new Bun.Transpiler({ loader: 'ts' }),
  tsx: new Bun.Transpiler({
    loader: 'tsx',
    tsconfig: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'hono/jsx' } },
  }),
}

function transpilerOf(path: string): Bun.Transpiler {
  return path.endsWith('.tsx') ? transpilers.tsx : transpilers.ts
}

export interface SourceFile {
  /** Path below `src`, such as `core/registry/registry.ts`. */
  readonly path: string
  readonly text: string
  /** The code without comments and types. */
  readonly code: string
  /** Everything it imports or exports from elsewhere, types included. */
  readonly imports: readonly Import[]
}

export interface Import {
  /** Path below `src`, or the name of a package or of a module of the platform. */
  readonly from: string
  /** The text between `import` and `from`. */
  readonly names: string
  /** Whether it remains when types are removed. */
  readonly isNeededAtRunTime: boolean
}

/** Every TypeScript file under `src`, or under one folder of it. */
export function sourceFiles(folder = '.'): SourceFile[] {
  return readdirSync(join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .toSorted()
    .map((name) => readSource(join(folder, name)))
}

export function readSource(path: string): SourceFile {
  const text = readFileSync(join(SOURCE, path), 'utf8')
  // The transpiler takes a program without the line that a shell reads.
  const program = text.replace(/^#!.*/, '')
  const code = transpilerOf(path).transformSync(program)
  return { path, text, code, imports: importsOf(path, program) }
}

export function importsOf(path: string, text: string): Import[] {
  const needed = new Set(
    transpilerOf(path)
      .scanImports(text)
      .map((found) => found.path),
  )
  const statements = text.matchAll(/^(?:import|export)\s+([^'";]*?)\s*from\s+'([^']+)'/gm)
  const found = Array.from(statements, ([, names, from]) => ({ names: names!, from: from! }))
  const named = new Set(found.map(({ from }) => from))
  // Imports for their effect alone, and dynamic ones, are named by nobody; those for JSX do not stand in the text.
  const bare = [...needed]
    .filter((from) => !named.has(from) && text.includes(`'${from}'`))
    .map((from) => ({ names: '', from }))
  return [...found, ...bare].map(({ names, from }) => ({
    names,
    from: resolve(path, from),
    isNeededAtRunTime: needed.has(from) && !names.startsWith('type '),
  }))
}

function resolve(path: string, from: string): string {
  if (!from.startsWith('.')) return from
  return relative(SOURCE, join(SOURCE, dirname(path), from))
}
