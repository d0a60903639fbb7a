/** Buttons that copy: hidden until now, because they need a script. */
import { toast } from './toast.ts'

export function copying(): void {
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-copy]')
    if (!(button instanceof HTMLElement)) return
    void copy(button, button.dataset['copy'] ?? '').then((isCopied) =>
      toast(isCopied ? 'Copied' : 'The browser did not let us copy'),
    )
  })
}

export function showButtons(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLElement>('[data-copy][hidden]')) {
    button.hidden = false
  }
}

/** Browsers have a clipboard over https and on the machine itself only; elsewhere a selection is copied. */
async function copy(button: HTMLElement, text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(button, text)
  }
}

function copySelected(button: HTMLElement, text: string): boolean {
  const field = document.createElement('textarea')
  field.className = 'aside'
  field.value = text
  // Beside the button: outside of an open dialog nothing can be selected.
  button.after(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  button.focus()
  return isCopied
}
