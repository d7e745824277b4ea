// The page "fleet".

import { render } from 'preact';
import { words } from '../parts/words.ts';

function Page() {
  return <main>{words.name}</main>;
}

render(<Page />, document.body);
