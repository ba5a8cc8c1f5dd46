import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDataset, readPairs, type Wanted } from '../../src/evaluate/index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-dataset-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);

function put(path: string, content: string | Buffer = JPEG): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Root may read everything. */
function asNobody<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.('nobody');
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}

/** Labels by path below the folder. */
function labels(place: string, wanted: Wanted, bonaFide: string[] = []): Record<string, string> {
  const { items } = readDataset(join(folder, place), wanted, { bonaFide });
  return Object.fromEntries(items.map(({ path, label }) => [path.slice(folder.length + 1), label]));
}

describe('people', () => {
  it('are told by their folders, through folders that only divide the set, and whatever it is cluttered with', () => {
    for (const path of ['train/李华/1.JPG', 'test/李华/2.jpeg', 'test/bo/a.png', 'test/bo/b.webp']) put(path);
    for (const path of ['.git/x.jpg', '__MACOSX/bo/._1.jpg', 'test/bo/._a.png', 'test/bo/Thumbs.db'])
      put(path);
    symlinkSync(folder, join(folder, 'test/bo/round'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'test/bo/lost.jpg'));
    symlinkSync('self.jpg', join(folder, 'test/bo/self.jpg'));
    put('test/bo/photo.heic', 'heic');
    const { items, notes } = readDataset(folder);
    expect(items.map(({ label }) => label)).toEqual(['bo', 'bo', '李华', '李华']);
    expect(notes.join()).toMatch(/2 links that lead nowhere.*1 HEIF files/);
  });

  it.each([
    [['p/li/s1/1.jpg', 'p/li/s2/1.jpg', 'p/bo/s1/1.jpg'], 'p/li', ['bo', 'li', 'li']],
    [['p/Asian/m1/1.jpg', 'p/African/m2/1.jpg', 'p/Asian/m3/1.jpg'], 'p/Asian', ['m2', 'm1', 'm3']],
    [
      ['p/Li_Hua_0001.jpg', 'p/Li_Hua_0002.jpg', 'p/000_1.jpg', 'p/bo (2).jpg'],
      'flat',
      ['000', 'Li_Hua', 'Li_Hua', 'bo'],
    ],
  ])('are told in %j', (paths, _, expected) => {
    for (const path of paths) put(path);
    expect(readDataset(join(folder, 'p')).items.map(({ label }) => label)).toEqual(expected);
  });

  it("are read without the folders that are nobody's to read, which are named", () => {
    for (const path of ['ann/1.jpg', 'ann/2.jpg', 'bea/1.jpg', 'cid/s1/1.jpg']) put(path);
    // "李华" as a GBK system writes it: Node gives a name under which nothing lies.
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xc0, 0xee, 0xbb, 0xaa])]));
    for (const path of ['', 'ann', 'cid', 'cid/s1']) chmodSync(join(folder, path), 0o755);
    chmodSync(join(folder, 'bea'), 0o000);
    // A folder whose names may be read, and nothing else of what is in it.
    chmodSync(join(folder, 'cid'), 0o744);
    const { items, notes, closedFolders } = asNobody(() => readDataset(folder));
    expect(items.map(({ label }) => label)).toEqual(['ann', 'ann']);
    expect(closedFolders.map((path) => path.slice(folder.length + 1)).sort()).toEqual([
      'bea',
      'cid/s1',
      expect.stringContaining('\uFFFD'),
    ]);
    expect(notes.join()).toMatch(/3 folders that cannot be read: .*bea/);
    expect(() => asNobody(() => readDataset(join(folder, 'bea')))).toThrow(/bea: this folder cannot be read/);
    expect(() => asNobody(() => readDataset(join(folder, 'bea/list.csv')))).toThrow(
      /cannot be read .*EACCES/,
    );
  });

  it('are not guessed where nothing tells them', () => {
    put('IMG_0001.jpg');
    put('0002.jpg');
    expect(() => readDataset(folder)).toThrow(/nothing says who is shown.*CSV/s);
  });
});

describe('presentations', () => {
  it.each<[string, string[], string[]]>([
    ['real/p1/1.jpg', ['live'], []],
    ['Bona-Fide/1.jpg', ['live'], []],
    ['非活体/1.jpg', ['非活体'], []],
    ['spoof/print/9/1.jpg', ['print'], []],
    ['7/spoof/1.jpg', ['spoof'], []],
    ['not_live/1.jpg', ['not_live'], []],
    ['spoof/replay/ipad/p7/1.jpg', ['replay/ipad'], []],
    ['attack/0/1.jpg', ['attack'], []],
    ['good/1.jpg', ['live'], ['good']],
  ])('%s', (path, expected, bonaFide) => {
    put(`d/${path}`);
    expect(Object.values(labels('d', 'presentations', bonaFide))).toEqual(expected);
  });

  it('are told by numbers where there are no words, and not guessed where no word is known', () => {
    put('d/0/1.jpg');
    put('d/1/1.jpg');
    expect(labels('d', 'presentations')).toEqual({ 'd/0/1.jpg': 'live', 'd/1/1.jpg': 'attack' });
    put('e/good/1.jpg');
    put('e/bad/1.jpg');
    expect(() => labels('e', 'presentations')).toThrow(/--bona-fide/);
    put('f/1/1.jpg');
    put('f/2/1.jpg');
    expect(() => labels('f', 'presentations')).toThrow(/--bona-fide/);
    put('g/normal/1.jpg');
    put('g/fake/1.jpg');
    expect(labels('g', 'presentations')).toEqual({ 'g/fake/1.jpg': 'fake' });
  });

  it('are of one kind where the folders within are people, as those of the living are', () => {
    for (const path of ['live/ann/1.jpg', 'spoof/ann/1.jpg', 'spoof/bo/1.jpg']) put(`d/${path}`);
    expect(Object.values(labels('d', 'presentations'))).toEqual(['live', 'spoof', 'spoof']);
  });

  it('have kinds of attack in a column of their own, and answers to a question', () => {
    for (const name of ['a', 'b', 'c']) put(`${name}.jpg`);
    put('list.csv', 'file;is_live;attack type\na.jpg;1;\nb.jpg;0;Print\nc.jpg;no;screen\n');
    expect(labels('list.csv', 'presentations')).toEqual({
      'a.jpg': 'live',
      'b.jpg': 'print',
      'c.jpg': 'screen',
    });
  });

  it.each([
    ['liveness', '1', '0'],
    ['spoof_label', '0.0', '1.0'],
    ['attack', 'none', 'yes'],
    ['attack_type', '', '1'],
  ])('are told by a column %s of %j and %j', (column, live, attack) => {
    put('a.jpg');
    put('b.jpg');
    put('list.csv', `path,${column}\na.jpg,${live}\nb.jpg,${attack}\n`);
    expect(labels('list.csv', 'presentations')).toEqual({ 'a.jpg': 'live', 'b.jpg': 'attack' });
  });
});

it.each([
  ['with_mask', 'worn'],
  ['without_mask', 'bare'],
  ['NoMask', 'bare'],
  ['mask_weared_incorrect', 'incorrect'],
  ['未戴口罩', 'bare'],
  ['戴口罩', 'worn'],
  ['face', 'bare'],
  ['AFDB_face_dataset', 'bare'],
  ['KN95', 'worn'],
])('a mask is known by "%s"', (name, state) => {
  put(`m/${name}/china.jpg`);
  put('m/dogs/1.jpg');
  expect(Object.values(labels('m', 'masks'))).toEqual([state]);
});

describe('a list', () => {
  it('is read as spreadsheets write it', () => {
    put('人/照 片,1.jpg');
    put('b/2.jpg');
    put('b/3.jpg');
    put(
      'list.csv',
      `\uFEFFPath , Person\r\n"人/照 片,1.jpg" , "李 ""华"""\r\n b\\2.jpg ,bo "b"\r\n${join(folder, 'b/3.jpg')},c,\r\n\r\nno/such.jpg,c\r\n`,
    );
    const { items, notes } = readDataset(join(folder, 'list.csv'));
    expect(items.map(({ label }) => label)).toEqual(['bo "b"', 'c', '李 "华"']);
    expect(notes.join()).toContain('1 of 4 pictures named do not exist');
  });

  it('is read with blanks between its fields, without labels, and as a machine elsewhere wrote it', () => {
    for (const name of ['bo b/1.JPG', 'bo b/2.jpg', 'li/1.jpg']) put(name);
    put('blanks.txt', '# made by hand\nbo b/1.JPG 7\nli/1.jpg 8\n');
    expect(labels('blanks.txt', 'people')).toEqual({ 'bo b/1.JPG': '7', 'li/1.jpg': '8' });
    put('bare.txt', 'bo b/1.JPG\nbo b/2.jpg\nli/1.jpg\n');
    expect(Object.values(labels('bare.txt', 'people'))).toEqual(['bo b', 'bo b', 'li']);
    put('far.csv', 'file,person\nD:\\set\\BO b\\1.jpg,x\nD:\\set\\bo b\\2,x\nD:\\set\\li\\1.jpg,y\n');
    expect(Object.values(labels('far.csv', 'people'))).toEqual(['x', 'x', 'y']);
    expect(readDataset(join(folder, 'far.csv')).notes.join()).toMatch(/without their first 2 folders/);
    put('masks.csv', 'file,mask\nbo b/1.JPG,yes\nli/1.jpg,no\n');
    expect(Object.values(labels('masks.csv', 'masks'))).toEqual(['worn', 'bare']);
  });

  it('is read in the encodings of Chinese spreadsheets', () => {
    put('b/2.jpg');
    put('utf16.csv', Buffer.from('\uFEFFpath\tlabel\r\nb/2.jpg\t李华\r\n', 'utf16le'));
    put('gbk.csv', Buffer.from('c2b7beb62cd0d5c3fb0a622f322e6a70672cc0eebbaa0a', 'hex'));
    for (const name of ['utf16.csv', 'gbk.csv'])
      expect(labels(name, 'people')).toEqual({ 'b/2.jpg': '李华' });
  });

  it.each([
    ['path,label\na.jpg,x\nb.jpg\n', /line 3 has 1 fields, and none of them is the person/],
    ['one,label,x\na.jpg,x,y\n', /no column "path"/],
    ['path,label\na.jpg,x\na.jpg,y\n', /lines 2 and 3 give a.jpg different labels/],
    ['path,label\nz.jpg,x\n', /none of the 1 pictures it names exists/],
    ['path,label\n"a.jpg,x\n', /quote/],
    ['', /empty/],
    ['[{"path": "a.jpg"}]', /JSON/],
    ['probe,reference,same\na.jpg,b.jpg,0\n', /list of pairs/],
  ])('is refused with what is wrong: %j', (text, why) => {
    put('a.jpg');
    put('b.jpg');
    put('list.csv', text);
    expect(() => readDataset(join(folder, 'list.csv'))).toThrow(why);
  });
});

describe('pairs', () => {
  const read = (text: string, place = 'lfw') => {
    const { pairs, items, notes } = readPairs(put('pairs.txt', text), join(folder, place));
    const name = (path: string) => path.slice(path.lastIndexOf('/') + 1);
    return {
      pairs: pairs.map(({ one, other, same }) => [name(one), name(other), same]),
      people: Object.fromEntries(items.map(({ path, label }) => [name(path), name(label)])),
      folds: pairs.map(({ fold }) => fold),
      notes,
    };
  };

  it('are read in the form of LFW, whatever the line ends and endings, and in others', () => {
    for (const name of ['Ann_Lee/Ann_Lee_0001.png', 'Ann_Lee/Ann_Lee_0004.jpg', 'Bob/Bob_0013.jpg'])
      put(`lfw/${name}`);
    const found = read('1\t1\r\nAnn_Lee\t1\t4\r\nAnn_Lee\t4\tBob\t13\r\nBob\t13\t14\r\n');
    expect(found.pairs).toEqual([
      ['Ann_Lee_0001.png', 'Ann_Lee_0004.jpg', true],
      ['Ann_Lee_0004.jpg', 'Bob_0013.jpg', false],
    ]);
    expect(found.notes).toEqual([expect.stringContaining('1 of 3 pairs are left out')]);
    expect(
      read('2\t1\nAnn_Lee\t1\t4\nAnn_Lee\t4\tBob\t13\nAnn_Lee\t1\t4\nAnn_Lee\t1\tBob\t13\n').folds,
    ).toEqual([0, 0, 1, 1]);
    const plain = 'Ann_Lee/Ann_Lee_0001.png Bob/Bob_0013.jpg 0\n';
    expect(read(plain).pairs).toEqual([['Ann_Lee_0001.png', 'Bob_0013.jpg', false]]);
    const list = 'image1,image2,match\nlfw/Ann_Lee/Ann_Lee_0001.png,lfw/Bob/Bob_0013.jpg,no\n';
    expect(read(list).pairs).toEqual([['Ann_Lee_0001.png', 'Bob_0013.jpg', false]]);
  });

  it('tell by themselves who is the same where the folders do not', () => {
    for (const name of ['1.jpg', '2.jpg', '3.jpg']) put(`flat/${name}`);
    const list = 'label,enroll,probe\n1,flat/1.jpg,flat/2.jpg\n0,flat/2.jpg,flat/3\n';
    expect(read(list, 'flat').people).toEqual({ '1.jpg': '1.jpg', '2.jpg': '1.jpg', '3.jpg': '3.jpg' });
    expect(read(list, 'flat').notes).toEqual([expect.stringContaining('by the pairs alone')]);
    expect(readPairs(join(folder, 'pairs.txt'), join(folder, 'pairs.txt')).pairs).toHaveLength(2);
  });

  it('are refused with the line that is wrong, or when no picture is there', () => {
    put('lfw/a/a.jpg');
    expect(() => read('one,other,same\na.jpg,b.jpg,perhaps\n')).toThrow(/line 2: "same" is "perhaps"/);
    expect(() => read('one,other,same\nx.jpg,y.jpg,1\n')).toThrow(/none of its 1 pairs/);
  });
});
