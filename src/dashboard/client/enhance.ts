/** What every part of a page gets from scripts, also one that came later. */
import { showButtons } from './copy-buttons.ts'
import { times } from './times.ts'

export function enhance(root: ParentNode): void {
  times(root)
  showButtons(root)
}
