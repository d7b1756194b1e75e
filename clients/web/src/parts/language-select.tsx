import { LANGUAGES } from '@bedside/core';
import { useWords } from '../app/words.tsx';
import { Icon } from './icon.tsx';

export function LanguageSelect() {
  const { language, say, choose } = useWords();
  return (
    <span className="language-select">
      <Icon name="globe" />
      <select
        aria-label={say('app.language')}
        value={language.tag}
        onChange={(event) => choose(event.target.value)}
      >
        {LANGUAGES.map(({ tag, name }) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
