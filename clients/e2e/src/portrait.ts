// Two drawn people for the picture in the README: a camera needs a face, and no real one belongs into a repository.

/** Draws one frame in the page; `phase` runs from 0 to 1 through the loop. Sent as text: refers to nothing outside. */
export function drawPortrait(given: { sitter: string; phase: number }): string {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('no canvas');
  const turn = given.phase * Math.PI * 2;
  const breath = Math.sin(turn) * 4;
  const sway = Math.sin(turn) * 6;
  const closing = Math.max(0, 1 - Math.abs(given.phase - 0.62) / 0.025);

  const fill = (style: string | CanvasGradient, path: () => void): void => {
    pen.fillStyle = style;
    pen.beginPath();
    path();
    pen.fill();
  };
  const stroke = (style: string, width: number, path: () => void): void => {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.lineCap = 'round';
    pen.beginPath();
    path();
    pen.stroke();
  };
  const fade = (
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    ...colours: string[]
  ): CanvasGradient => {
    const gradient = pen.createLinearGradient(x0, y0, x1, y1);
    for (const [index, colour] of colours.entries())
      gradient.addColorStop(index / (colours.length - 1), colour);
    return gradient;
  };
  const glow = (x: number, y: number, radius: number, rgb: string, strength: number): void => {
    const gradient = pen.createRadialGradient(x, y, 0, x, y, radius);
    gradient.addColorStop(0, `rgba(${rgb}, ${strength})`);
    gradient.addColorStop(1, `rgba(${rgb}, 0)`);
    fill(gradient, () => pen.rect(x - radius, y - radius, radius * 2, radius * 2));
  };

  const practice = (): void => {
    fill(fade(0, 0, 1280, 720, '#e9f0ee', '#cfdedb'), () => pen.rect(0, 0, 1280, 720));
    // A window with morning light.
    fill('#f7fbfb', () => pen.roundRect(70, 60, 300, 400, 8));
    fill(fade(0, 80, 0, 440, '#bfe0ea', '#e8f3e6'), () => pen.rect(86, 76, 268, 368));
    pen.save();
    pen.beginPath();
    pen.rect(86, 76, 268, 368);
    pen.clip();
    fill('#9fc3a4', () => pen.ellipse(150, 450, 130, 70, 0, Math.PI, 0));
    fill('#b6d3b0', () => pen.ellipse(300, 450, 120, 50, 0, Math.PI, 0));
    pen.restore();
    fill('#f7fbfb', () => pen.rect(214, 70, 12, 380));
    fill('#f7fbfb', () => pen.rect(80, 250, 280, 10));
    // Shelves with books.
    for (const shelf of [150, 300]) fill('#b89672', () => pen.rect(920, shelf, 300, 12));
    const books = [
      '#5b8a8f',
      '#d08c60',
      '#7a6a9a',
      '#c9b458',
      '#557a5d',
      '#a85f5f',
      '#6d8fb3',
      '#8e7762',
    ];
    for (const [index, colour] of books.entries()) {
      const height = 70 + ((index * 37) % 40);
      fill(colour, () => pen.roundRect(935 + index * 26, 150 - height, 20, height, 3));
      if (index < 5)
        fill(books[7 - index] ?? colour, () =>
          pen.roundRect(1075 + index * 26, 300 - height, 20, height, 3),
        );
    }
    // A plant.
    fill('#c7795a', () => pen.roundRect(950, 245, 66, 55, 8));
    for (const lean of [-44, -22, 0, 22, 44]) {
      fill('#5f9468', () =>
        pen.ellipse(983 + lean, 205 + Math.abs(lean) / 3, 12, 48, lean / 60, 0, Math.PI * 2),
      );
    }
  };

  const home = (): void => {
    fill(fade(0, 0, 1280, 720, '#f3e6d6', '#e4cdb4'), () => pen.rect(0, 0, 1280, 720));
    // A picture on the wall.
    pen.save();
    pen.translate(85, 0);
    fill('#8a6a4f', () => pen.rect(110, 80, 270, 190));
    fill(fade(0, 95, 0, 255, '#f2c79b', '#e79f7b', '#7f8fb0'), () => pen.rect(124, 94, 242, 162));
    fill('#f6e3c0', () => pen.arc(245, 180, 30, 0, Math.PI * 2));
    fill('#566a8c', () => {
      pen.moveTo(124, 256);
      pen.lineTo(210, 190);
      pen.lineTo(270, 236);
      pen.lineTo(320, 205);
      pen.lineTo(366, 256);
    });
    pen.restore();
    // A floor lamp.
    pen.save();
    pen.translate(-70, 0);
    glow(1090, 190, 300, '255, 236, 190', 0.6);
    stroke('#6f5a48', 10, () => {
      pen.moveTo(1090, 240);
      pen.lineTo(1090, 720);
    });
    fill('#fff1cf', () => {
      pen.moveTo(1040, 130);
      pen.lineTo(1140, 130);
      pen.lineTo(1180, 250);
      pen.lineTo(1000, 250);
    });
    pen.restore();
    // A sofa.
    fill('#8fa3a0', () => pen.roundRect(150, 470, 980, 300, 60));
    fill('#7f9491', () => pen.roundRect(90, 540, 150, 240, 50));
    fill('#7f9491', () => pen.roundRect(1040, 540, 150, 240, 50));
    fill('#d9a25f', () => pen.roundRect(880, 500, 150, 140, 26));
  };

  const face = (look: {
    skin: string;
    shade: string;
    lips: string;
    brow: string;
    iris: string;
  }): void => {
    const x = 640 + sway;
    const y = 300 + breath / 2;
    // Neck, ears, head.
    fill(look.shade, () => pen.roundRect(x - 58, y + 90, 116, 150, 40));
    for (const side of [-1, 1])
      fill(look.shade, () => pen.ellipse(x + side * 132, y + 12, 22, 36, 0, 0, Math.PI * 2));
    fill(look.skin, () => pen.ellipse(x, y, 132, 168, 0, 0, Math.PI * 2));
    for (const side of [-1, 1]) glow(x + side * 72, y + 56, 54, '224, 110, 90', 0.28);
    // Eyes.
    for (const side of [-1, 1]) {
      const eye = x + side * 52;
      const open = 15 * (1 - closing);
      if (open > 2) {
        fill('#ffffff', () => pen.ellipse(eye, y - 8, 24, open, 0, 0, Math.PI * 2));
        pen.save();
        pen.beginPath();
        pen.ellipse(eye, y - 8, 24, open, 0, 0, Math.PI * 2);
        pen.clip();
        fill(look.iris, () => pen.arc(eye + sway / 4, y - 8, 13, 0, Math.PI * 2));
        fill('#1d1a18', () => pen.arc(eye + sway / 4, y - 8, 6.5, 0, Math.PI * 2));
        fill('#ffffff', () => pen.arc(eye + 4 + sway / 4, y - 12, 3, 0, Math.PI * 2));
        pen.restore();
      }
      stroke(look.brow, 4, () =>
        pen.ellipse(
          eye,
          y - 8,
          25,
          Math.max(open, 1),
          0,
          Math.PI * 1.02,
          Math.PI * 1.98,
          closing > 0.8,
        ),
      );
      stroke(look.brow, 8, () => {
        pen.moveTo(eye - 28, y - 42 + (side < 0 ? 4 : -2));
        pen.quadraticCurveTo(eye, y - 54, eye + 28, y - 42 + (side < 0 ? -2 : 4));
      });
    }
    // Nose and a friendly mouth.
    stroke(look.shade, 6, () => {
      pen.moveTo(x - 2, y + 4);
      pen.quadraticCurveTo(x + 20, y + 46, x - 8, y + 48);
    });
    fill(look.lips, () => {
      pen.moveTo(x - 48, y + 84);
      pen.quadraticCurveTo(x, y + 100, x + 48, y + 84);
      pen.quadraticCurveTo(x, y + 140 + breath / 2, x - 48, y + 84);
    });
    fill('#ffffff', () => {
      pen.moveTo(x - 38, y + 89);
      pen.quadraticCurveTo(x, y + 102, x + 38, y + 89);
      pen.quadraticCurveTo(x, y + 116, x - 38, y + 89);
    });
  };

  const shoulders = (colour: string | CanvasGradient): void =>
    fill(colour, () => {
      const top = 500 + breath;
      pen.moveTo(300, 740);
      pen.bezierCurveTo(310, top + 70, 430, top + 20, 560, top - 6);
      pen.quadraticCurveTo(640, top + 60, 720, top - 6);
      pen.bezierCurveTo(850, top + 20, 970, top + 70, 980, 740);
    });

  /** The person sits a step back from the camera. */
  const stepBack = (): void => {
    pen.translate(640, 720);
    pen.scale(0.88, 0.88);
    pen.translate(-640, -720);
  };

  if (given.sitter === 'practitioner') {
    practice();
    stepBack();
    const x = 640 + sway;
    // Dark hair in a bun, behind the head.
    fill('#2b211f', () => pen.arc(x, 112 + breath / 2, 60, 0, Math.PI * 2));
    fill('#2b211f', () => pen.ellipse(x, 268 + breath / 2, 158, 168, 0, 0, Math.PI * 2));
    shoulders(fade(300, 480, 980, 740, '#ffffff', '#e3ebee'));
    face({ skin: '#a8714b', shade: '#8f5c3b', lips: '#8e3b3a', brow: '#2b211f', iris: '#4a2f1f' });
    // Hair over the forehead.
    fill('#2b211f', () => {
      pen.moveTo(x - 138, 288);
      pen.bezierCurveTo(x - 130, 150, x - 60, 118, x + 10, 124);
      pen.bezierCurveTo(x + 90, 122, x + 132, 180, x + 138, 288);
      pen.bezierCurveTo(x + 110, 210, x + 60, 186, x - 10, 190);
      pen.bezierCurveTo(x - 70, 200, x - 116, 220, x - 138, 288);
    });
    // Glasses.
    for (const side of [-1, 1])
      stroke('#2f4858', 6, () => pen.roundRect(x + side * 54 - 42, 258 + breath / 2, 84, 66, 28));
    stroke('#2f4858', 6, () => {
      pen.moveTo(x - 12, 284 + breath / 2);
      pen.lineTo(x + 12, 284 + breath / 2);
    });
    // Coat, blouse, stethoscope.
    fill('#4f9aa3', () => {
      pen.moveTo(575, 500 + breath);
      pen.quadraticCurveTo(640, 560 + breath, 705, 500 + breath);
      pen.lineTo(660, 740);
      pen.lineTo(620, 740);
    });
    for (const side of [-1, 1]) {
      stroke('#c3d0d4', 5, () => {
        pen.moveTo(640 + side * 72, 498 + breath);
        pen.lineTo(640 + side * 100, 610 + breath);
        pen.lineTo(640 + side * 34, 740);
      });
      stroke('#3c4a52', 11, () => {
        pen.moveTo(640 + side * 84, 494 + breath);
        pen.bezierCurveTo(640 + side * 130, 600, 640 + side * 90, 660, 640 + side * 84, 740);
      });
    }
  } else {
    home();
    stepBack();
    const x = 640 + sway;
    shoulders(fade(300, 480, 980, 740, '#5f7fa8', '#486489'));
    face({ skin: '#efc3a0', shade: '#d9a582', lips: '#b4564f', brow: '#8d8681', iris: '#5b7d6b' });
    // Short grey hair and a beard.
    const y = 300 + breath / 2;
    fill('#b9b4ae', () => {
      pen.moveTo(x - 136, y - 4);
      pen.bezierCurveTo(x - 160, y - 130, x - 90, y - 200, x + 6, y - 196);
      pen.bezierCurveTo(x + 110, y - 200, x + 158, y - 120, x + 136, y - 4);
      pen.bezierCurveTo(x + 128, y - 70, x + 96, y - 110, x + 40, y - 108);
      pen.bezierCurveTo(x - 30, y - 92, x - 108, y - 110, x - 136, y - 4);
    });
    fill('rgba(185, 180, 174, 0.92)', () => {
      pen.moveTo(x - 131, y + 20);
      pen.bezierCurveTo(x - 124, y + 190, x - 50, y + 208, x, y + 206);
      pen.bezierCurveTo(x + 50, y + 208, x + 124, y + 190, x + 131, y + 20);
      pen.bezierCurveTo(x + 112, y + 96, x + 84, y + 66, x, y + 68);
      pen.bezierCurveTo(x - 84, y + 66, x - 112, y + 96, x - 131, y + 20);
    });
    fill('#b4564f', () => {
      pen.moveTo(x - 44, y + 92);
      pen.quadraticCurveTo(x, y + 106, x + 44, y + 92);
      pen.quadraticCurveTo(x, y + 136 + breath / 2, x - 44, y + 92);
    });
    fill('#ffffff', () => {
      pen.moveTo(x - 34, y + 96);
      pen.quadraticCurveTo(x, y + 107, x + 34, y + 96);
      pen.quadraticCurveTo(x, y + 116, x - 34, y + 96);
    });
    // The jumper's collar.
    stroke('#3f5878', 16, () => {
      pen.moveTo(562, 500 + breath);
      pen.quadraticCurveTo(640, 566 + breath, 718, 500 + breath);
    });
  }
  return canvas.toDataURL('image/jpeg', 0.92).split(',')[1] ?? '';
}
