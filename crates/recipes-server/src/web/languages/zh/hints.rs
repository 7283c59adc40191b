//! Texts that lead to the next step, in Chinese.

use super::super::hints::HintTexts;

pub(super) static HINTS: HintTexts = HintTexts {
    favourites_empty: "您还没有收藏。打开一个菜谱并点 ☆。",
    household_members: "成员",
    household_share: "共享用餐计划和购物清单",
    invite_users: "邀请其他用户",
    line: "第 {} 行",
    meal: "用餐，例如吃剩菜",
    next_title: "接下来做什么？",
    own_empty: "您还没有写过菜谱。",
    picture_add: "添加图片",
    picture_file: "图片文件",
    picture_later: "保存菜谱后即可添加图片。",
    picture_of: "图片显示的内容",
    pictures: "图片",
    pictures_apart: "图片单独保存，使用本部分的按钮。如果您修改了上面的菜谱，请先保存它。",
    save_and_picture: "保存并添加图片",
    secure_address: "打开安全地址",
    too_large: "您提交的内容过大：最多 {}。",
};
